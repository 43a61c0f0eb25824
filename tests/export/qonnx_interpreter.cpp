#include "export/qonnx_interpreter.h"

#include <ATen/ATen.h>

#include <functional>
#include <stdexcept>

namespace qat::test {
namespace {

class Interpreter {
public:
    Interpreter(const OnnxView& file, const std::map<std::string, at::Tensor>& inputs) {
        for (const auto& [name, tensor] : file.tensors)
            m_values.tensors[name] = at::tensor(tensor.values, at::kDouble).reshape(tensor.shape).to(at::kFloat);
        for (const auto& [name, tensor] : inputs) m_values.tensors[name] = tensor;
        for (const OnnxNodeView& node : file.nodes) run(node);
    }
    QonnxValues values() && { return std::move(m_values); }

private:
    at::Tensor in(const OnnxNodeView& node, size_t index) const {
        if (index >= node.inputs.size() || node.inputs[index].empty()) return {};
        const auto found = m_values.tensors.find(node.inputs[index]);
        if (found == m_values.tensors.end())
            throw std::runtime_error(node.name + " reads nothing: " + node.inputs[index]);
        return found->second;
    }
    static int64_t whole(const OnnxNodeView& node, const char* name, int64_t missing) {
        const auto found = node.integers.find(name);
        return found == node.integers.end() ? missing : found->second.front();
    }
    static std::vector<int64_t> wholes(const OnnxNodeView& node, const char* name, std::vector<int64_t> missing) {
        const auto found = node.integers.find(name);
        return found == node.integers.end() ? missing : found->second;
    }
    static std::vector<int64_t> wholesOf(const at::Tensor& tensor) {
        std::vector<int64_t> values;
        for (int64_t i = 0; i < tensor.numel(); ++i) values.push_back(tensor.flatten()[i].item<int64_t>());
        return values;
    }

    // q = clamp(round(x / scale + zeropt)); y = (q - zeropt) * scale.
    at::Tensor quant(const OnnxNodeView& node) {
        const at::Tensor scale = in(node, 1), zero = in(node, 2);
        const double bits = in(node, 3).item<double>();
        const bool isSigned = whole(node, "signed", 1) != 0, narrow = whole(node, "narrow", 0) != 0;
        const double least = isSigned ? -std::exp2(bits - 1) + (narrow ? 1 : 0) : 0;
        const double most = isSigned ? std::exp2(bits - 1) - 1 : std::exp2(bits) - (narrow ? 2 : 1);
        if (node.texts.contains("rounding_mode") && node.texts.at("rounding_mode") != "ROUND")
            throw std::runtime_error(node.name + " rounds by " + node.texts.at("rounding_mode"));
        const at::Tensor codes = at::round(in(node, 0) / scale + zero).clamp(least, most);
        m_values.codes[node.outputs[0]] = codes;
        return (codes - zero) * scale;
    }
    at::Tensor bipolar(const OnnxNodeView& node) {
        const at::Tensor codes = at::where(in(node, 0) >= 0, at::ones({}), -at::ones({}));
        m_values.codes[node.outputs[0]] = codes;
        return codes * in(node, 1);
    }
    at::Tensor conv(const OnnxNodeView& node) {
        const std::vector<int64_t> pads = wholes(node, "pads", {0, 0, 0, 0});
        return at::conv2d(in(node, 0), in(node, 1), in(node, 2), wholes(node, "strides", {1, 1}),
                          std::vector<int64_t>{pads[0], pads[1]}, wholes(node, "dilations", {1, 1}),
                          whole(node, "group", 1));
    }
    at::Tensor pool(const OnnxNodeView& node) {
        const std::vector<int64_t> pads = wholes(node, "pads", {0, 0, 0, 0});
        return at::max_pool2d(in(node, 0), wholes(node, "kernel_shape", {}), wholes(node, "strides", {1, 1}),
                              std::vector<int64_t>{pads[0], pads[1]});
    }
    at::Tensor batchNorm(const OnnxNodeView& node) {
        const double eps = node.floats.contains("epsilon") ? double(node.floats.at("epsilon")) : 1e-5;
        return at::batch_norm(in(node, 0), in(node, 1), in(node, 2), in(node, 3), in(node, 4), false, 0, eps, false);
    }
    at::Tensor reshape(const OnnxNodeView& node) {
        const at::Tensor x = in(node, 0);
        std::vector<int64_t> shape = wholesOf(in(node, 1));
        for (size_t i = 0; i < shape.size(); ++i)
            if (shape[i] == 0) shape[i] = x.size(static_cast<int64_t>(i));
        return x.reshape(shape);
    }

    // The shape of a tensor and arithmetic on it, as exporters write it for flattening.
    at::Tensor shapeOf(const OnnxNodeView& node) {
        const auto sizes = in(node, 0).sizes();
        return at::tensor(std::vector<float>(sizes.begin(), sizes.end()));
    }
    at::Tensor gather(const OnnxNodeView& node) {
        const at::Tensor places = in(node, 1);
        const at::Tensor taken =
            at::index_select(in(node, 0), whole(node, "axis", 0), places.to(at::kLong).reshape({-1}));
        return places.dim() == 0 ? taken.squeeze(whole(node, "axis", 0)) : taken;
    }
    at::Tensor unsqueeze(const OnnxNodeView& node) {
        at::Tensor x = in(node, 0);
        for (const int64_t axis : node.inputs.size() > 1 ? wholesOf(in(node, 1)) : wholes(node, "axes", {}))
            x = x.unsqueeze(axis);
        return x;
    }
    at::Tensor concat(const OnnxNodeView& node) {
        std::vector<at::Tensor> parts;
        for (size_t i = 0; i < node.inputs.size(); ++i) parts.push_back(in(node, i));
        return at::cat(parts, whole(node, "axis", 0));
    }

    void run(const OnnxNodeView& node) {
        using Operator = std::function<at::Tensor(Interpreter&, const OnnxNodeView&)>;
        static const std::map<std::string, Operator> operators{
            {"Quant", &Interpreter::quant},
            {"BipolarQuant", &Interpreter::bipolar},
            {"Conv", &Interpreter::conv},
            {"MaxPool", &Interpreter::pool},
            {"BatchNormalization", &Interpreter::batchNorm},
            {"Reshape", &Interpreter::reshape},
            {"Shape", &Interpreter::shapeOf},
            {"Gather", &Interpreter::gather},
            {"Unsqueeze", &Interpreter::unsqueeze},
            {"Concat", &Interpreter::concat},
            {"Transpose",
             [](auto& i, const auto& n) {
                 return i.in(n, 0).permute(wholes(n, "perm", {1, 0}));
             }},
            {"Relu", [](auto& i, const auto& n) { return at::relu(i.in(n, 0)); }},
            {"Sigmoid", [](auto& i, const auto& n) { return at::sigmoid(i.in(n, 0)); }},
            {"Clip",
             [](auto& i, const auto& n) { return at::clamp(i.in(n, 0), i.in(n, 1).item(), i.in(n, 2).item()); }},
            {"Add", [](auto& i, const auto& n) { return i.in(n, 0) + i.in(n, 1); }},
            {"Sub", [](auto& i, const auto& n) { return i.in(n, 0) - i.in(n, 1); }},
            {"Mul", [](auto& i, const auto& n) { return i.in(n, 0) * i.in(n, 1); }},
            {"Div", [](auto& i, const auto& n) { return i.in(n, 0) / i.in(n, 1); }},
            {"Pow", [](auto& i, const auto& n) { return at::pow(i.in(n, 0), i.in(n, 1)); }},
            {"Sqrt", [](auto& i, const auto& n) { return at::sqrt(i.in(n, 0)); }},
            {"MatMul", [](auto& i, const auto& n) { return at::matmul(i.in(n, 0), i.in(n, 1)); }},
            {"GlobalAveragePool",
             [](auto& i, const auto& n) {
                 return i.in(n, 0).mean({2, 3}, true);
             }},
        };
        const auto found = operators.find(node.type);
        if (found == operators.end()) throw std::runtime_error(node.name + " is a " + node.type);
        m_values.tensors[node.outputs[0]] = found->second(*this, node);
    }

    QonnxValues m_values;
};

}  // namespace

QonnxValues interpret(const OnnxView& file, const std::map<std::string, at::Tensor>& inputs) {
    return Interpreter(file, inputs).values();
}

}  // namespace qat::test
