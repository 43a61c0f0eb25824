// State dict traffic and model arithmetic.
#include "models/weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/error.h"

namespace qat {

NamedTensors stateDict(const Graph& graph) {
    NamedTensors state;
    for (const ValueId id : graph.storedValues())
        if (graph.value(id).kind != ValueKind::Constant) state.emplace_back(graph.value(id).name, graph.value(id).data);
    return state;
}

namespace {

std::string shapeText(at::IntArrayRef shape) {
    std::ostringstream out;
    out << shape;
    return out.str();
}

// The tensor itself if it is that already.
at::Tensor contiguousFloats(const at::Tensor& tensor) {
    return tensor.detach().to(at::kFloat).contiguous();
}

// The matrix of a linear layer as the convolution that it is here, over one place or over all of a map; others as they
// are.
at::Tensor asKernel(const at::Tensor& tensor, const Shape& shape) {
    const bool matrix = tensor.dim() == 2 && shape.size() == 4 && tensor.size(0) == shape[0] &&
                        tensor.size(1) == shape[1] * shape[2] * shape[3];
    return matrix ? tensor.reshape(shape) : tensor;
}

}  // namespace

std::vector<std::string> loadWeights(Graph& graph, const NamedTensors& tensors, const std::string& source) {
    std::map<std::string_view, const at::Tensor*> given;
    for (const auto& [name, tensor] : tensors) given[name] = tensor.get();
    for (const ValueId id : graph.storedValues()) {
        Value& value = graph.value(id);
        if (value.kind == ValueKind::Constant) continue;
        const auto found = given.find(value.name);
        require(found != given.end(), ErrorKind::BadInput, source, ": no entry ", value.name);
        const at::Tensor tensor = asKernel(*found->second, value.shape);
        require(tensor.sizes() == at::IntArrayRef(value.shape), ErrorKind::BadInput, source, ": ", value.name,
                " has shape ", shapeText(tensor.sizes()), ", expected ", shapeText(value.shape));
        value.data = std::make_shared<at::Tensor>(contiguousFloats(tensor));
        given.erase(found);
    }
    // Constants of the architecture are in files of earlier versions.
    const auto isConstant = [&](std::string_view name) {
        const auto id = graph.findValue(name);
        return id && graph.value(*id).kind == ValueKind::Constant;
    };
    std::vector<std::string> unknown;
    for (const auto& [name, tensor] : given)
        if (!name.ends_with(".num_batches_tracked") && !isConstant(name)) unknown.emplace_back(name);
    return unknown;
}

namespace {

template <class Test>
int64_t countIf(const at::Tensor& tensor, Test test) {
    const at::Tensor values = contiguousFloats(tensor);
    return std::count_if(values.data_ptr<float>(), values.data_ptr<float>() + values.numel(), test);
}

std::string countedValues(int64_t count, const char* what) {
    return str(count, count == 1 ? " value that is " : " values that are ", what);
}

}  // namespace

std::vector<std::string> unsoundValues(const Graph& graph) {
    std::vector<std::string> sentences;
    for (const auto& [name, tensor] : stateDict(graph)) {
        const int64_t lost = countIf(*tensor, [](float x) { return !std::isfinite(x); });
        const int64_t negative = name.ends_with(".running_var") ? countIf(*tensor, [](float x) { return x < 0; }) : 0;
        if (lost > 0)
            sentences.push_back(
                str("tensor ", name, " has ", countedValues(lost, "not finite"), " (of ", tensor->numel(), ")"));
        if (negative > 0)
            sentences.push_back(str("tensor ", name, ", a variance, has ", countedValues(negative, "below 0")));
    }
    return sentences;
}

int64_t parameterCount(const Graph& graph) {
    int64_t count = 0;
    for (const ValueId id : graph.storedValues()) {
        const Value& value = graph.value(id);
        const bool counts = value.kind == ValueKind::Parameter || value.name.ends_with(".weight");
        if (counts) count += std::accumulate(value.shape.begin(), value.shape.end(), int64_t{1}, std::multiplies<>());
    }
    return count;
}

int64_t macsOf(const Graph& graph, const Node& node) {
    const LayerRole role = traitsOf(node.op).layer;
    const Shape& in = graph.value(node.inputs.front()).shape;
    const Shape& out = graph.value(node.outputs.front()).shape;
    if (role.activations == 0 || in.empty() || out.empty()) return 0;
    const auto productFrom = [](const Shape& shape, int64_t first) {
        return std::accumulate(shape.begin() + first, shape.end(), int64_t{1}, std::multiplies<>());
    };
    if (!role.weight) return productFrom(out, 1) * in.back();
    // Every number at the end of the weight's axis 0 meets a slice of the weight.
    return productFrom(role.outputAxis == 0 ? out : in, 1) * productFrom(graph.value(weightOf(node)).shape, 1);
}

int64_t macsOf(const Graph& graph) {
    int64_t total = 0;
    for (const NodeId id : graph.order()) total += macsOf(graph, graph.node(id));
    return total;
}

}  // namespace qat
