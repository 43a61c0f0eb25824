// One walk over the graph: every value has a float form, a form on codes, or gets the missing one when somebody asks.
#include "passes/lower_integers.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "graph/constant_numbers.h"
#include "ops/activation.h"
#include "ops/fake_quantize.h"
#include "ops/integer_ops.h"
#include "passes/canonicalize_quantizers.h"

namespace qat {
namespace {

TensorPtr shared(at::Tensor tensor) {
    return std::make_shared<at::Tensor>(std::move(tensor));
}

class Lowering {
public:
    explicit Lowering(const Graph& from) : m_from(from) {
        m_to.info = from.info;
        m_to.aliases = from.aliases;
        for (const ValueId id : from.inputs()) m_float[id] = m_to.addInput(from.value(id).name, from.value(id).shape);
    }

    Graph run(CodeValues* codes) {
        for (const NodeId id : m_from.order())
            if (!m_done.contains(id)) lower(m_from.node(id));
        for (const auto& output : m_from.outputs()) m_to.setOutput(output.name, floatOf(output.value), output.role);
        m_to.sweep();
        verify(m_to);
        if (codes) reportCodes(*codes);
        return std::move(m_to);
    }

private:
    // Codes of a value and the quantizer they come from. Quantizers of one group share scale and zero point by id.
    struct Codes {
        ValueId value, scale, zeroPoint;  // value in the new graph, the others in the old one
        int64_t qmin = 0, qmax = 0;
        bool sameGrid(const Codes& o) const {
            return scale == o.scale && zeroPoint == o.zeroPoint && qmin == o.qmin && qmax == o.qmax;
        }
    };

    // Of the quantizers whose codes are still made by a node.
    void reportCodes(CodeValues& codes) const {
        for (const NodeId id : m_from.order()) {
            const Node& node = m_from.node(id);
            const Codes* made = std::holds_alternative<FakeQuantize>(node.op) ? codesOf(node.outputs.front()) : nullptr;
            if (made && m_to.producer(made->value)) codes.emplace_back(node.name, made->value);
        }
    }

    void lower(const Node& node) {
        if (lowerQuantizer(node) || lowerRequantizingConcat(node) || lowerCarrier(node) || lowerConv(node) ||
            lowerMatMul(node) || lowerActivation(node) || lowerAdd(node))
            return;
        std::vector<ValueId> inputs;
        for (const ValueId id : node.inputs) inputs.push_back(floatOf(id));
        const NodeId made = m_to.addNode(node.name, node.op, inputs, static_cast<int>(node.outputs.size()));
        m_to.node(made).role = node.role;
        for (size_t i = 0; i < node.outputs.size(); ++i) m_float[node.outputs[i]] = m_to.node(made).outputs[i];
    }

    const Codes* codesOf(ValueId id) const {
        const auto found = m_codes.find(id);
        return found == m_codes.end() ? nullptr : &found->second;
    }

    const at::Tensor& tensor(ValueId id) const { return *m_from.value(id).data; }

    ValueId stored(ValueId id) {
        const Value& value = m_from.value(id);
        if (value.kind == ValueKind::Constant) return m_to.addConstant(value.name, numbersOf(*value.data));
        return value.kind == ValueKind::Parameter ? m_to.addParameter(value.name, value.data, value.shape)
                                                  : m_to.addBuffer(value.name, value.data, value.shape, value.type);
    }

    ValueId floatOf(ValueId id) {
        const auto found = m_float.find(id);
        if (found != m_float.end()) return found->second;
        const Codes* codes = codesOf(id);
        if (!codes) return m_float[id] = stored(id);
        return m_float[id] = m_to.add(m_from.value(id).name + ".dequantize", Dequantize{},
                                      {codes->value, floatOf(codes->scale), floatOf(codes->zeroPoint)});
    }

    ValueId addBuffer(const std::string& name, at::Tensor data, ElementType type = ElementType::Float32) {
        const Shape shape = data.sizes().vec();
        return m_to.addBuffer(name, shared(std::move(data)), shape, type);
    }

    float scaleOf(ValueId id) const {
        return std::max(tensor(id).data_ptr<float>()[0], std::numeric_limits<float>::min());
    }
    float zeroOf(ValueId id) const { return tensor(id).data_ptr<float>()[0]; }

    // The quantizer's codes if they fit bytes; their value is not known yet.
    std::optional<Codes> byteCodes(const Node& node) const {
        const auto* op = std::get_if<FakeQuantize>(&node.op);
        if (!op || op->format != NumberFormat::Integer || op->weight || op->axis >= 0 ||
            tensor(node.inputs[1]).numel() != 1)
            return std::nullopt;
        const bool fits = op->qmin >= 0 ? op->qmax <= 255 : op->qmin >= -128 && op->qmax <= 127;
        if (!fits) return std::nullopt;
        return Codes{{}, node.inputs[1], node.inputs[2], op->qmin, op->qmax};
    }

    // The quantizer that alone reads the value; nullptr if there is none or its codes do not fit bytes.
    const Node* onlyQuantizer(ValueId value) const {
        for (const auto& output : m_from.outputs())
            if (output.value == value) return nullptr;
        const auto users = m_from.users(value);
        return users.size() == 1 && byteCodes(m_from.node(users[0])) ? &m_from.node(users[0]) : nullptr;
    }

    // The quantizer's work is done by the node that made `value`.
    void absorb(const Node& quantizer, Codes codes, ValueId value) {
        codes.value = value;
        m_codes[quantizer.outputs.front()] = codes;
        m_done.insert(*m_from.findNode(quantizer.name));
    }

    bool lowerQuantizer(const Node& node) {
        auto codes = byteCodes(node);
        if (!codes) return false;
        if (const Codes* already = codesOf(node.inputs[0]); already && already->sameGrid(*codes)) {
            m_codes[node.outputs.front()] = *already;
            return true;
        }
        const ValueId scale = floatOf(codes->scale), zero = floatOf(codes->zeroPoint);
        codes->value = m_to.add(node.name, Quantize{codes->qmin, codes->qmax}, {floatOf(node.inputs[0]), scale, zero});
        m_codes[node.outputs.front()] = *codes;
        return true;
    }

    bool lowerCarrier(const Node& node) {
        const Codes* first = codesOf(node.inputs.front());
        if (!movesDataOnly(node.op) || !first) return false;
        std::vector<ValueId> inputs;
        for (const ValueId id : movedInputs(node)) {
            const Codes* codes = codesOf(id);
            if (!codes || !codes->sameGrid(*first)) return false;
            inputs.push_back(codes->value);
        }
        for (const ValueId id : std::span(node.inputs).subspan(inputs.size())) {
            const Codes* codes = codesOf(id);
            inputs.push_back(codes ? codes->value : floatOf(id));
        }
        Codes made = *first;
        const NodeId copy = m_to.addNode(node.name, node.op, inputs, static_cast<int>(node.outputs.size()));
        for (size_t i = 0; i < node.outputs.size(); ++i) {
            made.value = m_to.node(copy).outputs[i];
            m_codes[node.outputs[i]] = made;
        }
        return true;
    }

    // Weight, bias and scales of a convolution on codes.
    struct ConvNumbers {
        at::Tensor weight, bias, biasCodes, factor;  // int8; [O] float, int32, float
    };

    std::optional<ConvNumbers> convNumbers(const Node& node, const Codes& input) const {
        const auto maker = m_from.producer(node.inputs[1]);
        const auto* op = maker ? std::get_if<FakeQuantize>(&m_from.node(*maker).op) : nullptr;
        if (!op || !op->weight || op->axis > 0 || op->group > 0 || isFloat(op->format)) return std::nullopt;
        const Node& quantizer = m_from.node(*maker);
        const at::Tensor& zero = tensor(quantizer.inputs[2]);
        const at::Tensor codes =
            quantizedCodes(*op, tensor(quantizer.inputs[0]).detach(), tensor(quantizer.inputs[1]).detach(), zero);
        if (zero.count_nonzero().item<int64_t>() > 0 || codes.abs().max().item<float>() > 127) return std::nullopt;
        const int64_t channels = codes.size(0);
        const at::Tensor scales = tensor(quantizer.inputs[1])
                                      .detach()
                                      .clamp_min(std::numeric_limits<float>::min())
                                      .expand({channels})
                                      .contiguous();
        const at::Tensor bias =
            node.inputs.size() > 2 ? tensor(node.inputs[2]).detach().contiguous() : at::zeros({channels});
        const auto biases = biasCodes({bias.data_ptr<float>(), static_cast<size_t>(channels)}, scaleOf(input.scale),
                                      {scales.data_ptr<float>(), static_cast<size_t>(channels)});
        if (!biases) return std::nullopt;
        return ConvNumbers{codes.to(at::kChar).contiguous(), bias, at::tensor(*biases, at::kInt),
                           scales * scaleOf(input.scale)};
    }

    bool lowerConv(const Node& node) {
        const auto* conv = std::get_if<Conv2d>(&node.op);
        const Codes* input = conv ? codesOf(node.inputs[0]) : nullptr;
        if (!input) return false;
        auto numbers = convNumbers(node, *input);
        if (!numbers) return false;
        IntegerConv2d op{conv->stride, conv->padding, conv->dilation, conv->groups};
        const Node* quantizer = onlyQuantizer(node.outputs.front());
        const auto codes = quantizer ? byteCodes(*quantizer) : std::nullopt;
        if (codes) {
            op.requantize = true, op.qmin = codes->qmin, op.qmax = codes->qmax;
            numbers->factor = numbers->factor / scaleOf(codes->scale);
        }
        std::vector<ValueId> inputs{input->value, floatOf(input->zeroPoint),
                                    addBuffer(node.name + ".weight_codes", numbers->weight, ElementType::Int8),
                                    codes ? addBuffer(node.name + ".bias_codes", numbers->biasCodes, ElementType::Int32)
                                          : addBuffer(node.name + ".bias_float", numbers->bias),
                                    addBuffer(node.name + ".factor", numbers->factor)};
        if (codes) inputs.push_back(floatOf(codes->zeroPoint));
        const ValueId made = m_to.add(node.name, op, inputs);
        if (codes)
            absorb(*quantizer, *codes, made);
        else
            m_float[node.outputs.front()] = made;
        return true;
    }

    bool lowerMatMul(const Node& node) {
        if (!std::holds_alternative<MatMul>(node.op)) return false;
        const Codes *a = codesOf(node.inputs[0]), *b = codesOf(node.inputs[1]);
        if (!a || !b) return false;
        const Node* quantizer = onlyQuantizer(node.outputs.front());
        const auto codes = quantizer ? byteCodes(*quantizer) : std::nullopt;
        IntegerMatMul op;
        float factor = scaleOf(a->scale) * scaleOf(b->scale);
        if (codes) {
            op = {.requantize = true, .qmin = codes->qmin, .qmax = codes->qmax};
            factor /= scaleOf(codes->scale);
        }
        std::vector<ValueId> inputs{a->value, floatOf(a->zeroPoint), b->value, floatOf(b->zeroPoint),
                                    addBuffer(node.name + ".factor", at::full({1}, factor))};
        if (codes) inputs.push_back(floatOf(codes->zeroPoint));
        const ValueId made = m_to.add(node.name, op, inputs);
        if (codes)
            absorb(*quantizer, *codes, made);
        else
            m_float[node.outputs.front()] = made;
        return true;
    }

    bool lowerActivation(const Node& node) {
        const auto* activation = std::get_if<Activation>(&node.op);
        const Codes* input = activation ? codesOf(node.inputs[0]) : nullptr;
        const Node* quantizer = input ? onlyQuantizer(node.outputs.front()) : nullptr;
        if (!quantizer) return false;
        const Codes codes = *byteCodes(*quantizer);
        absorb(*quantizer, codes, lookUp(node.name, *input, codes, [&](float x) {
            return traitsOf(activation->kind).value(x, static_cast<float>(activation->slope));
        }));
        return true;
    }

    // A node called `name` that makes codes of one grid from those of another, by a table of what each stands for.
    template <class Function>
    ValueId lookUp(const std::string& name, const Codes& from, const Codes& to, Function function) {
        at::Tensor values = at::empty({256});
        for (int i = 0; i < 256; ++i) {
            const float x =
                (static_cast<float>(from.qmin < 0 ? i - 128 : i) - zeroOf(from.zeroPoint)) * scaleOf(from.scale);
            values.data_ptr<float>()[i] = function(x);
        }
        const at::Tensor table =
            quantizeToCodes(values, codeGrid(to.qmin, to.qmax, tensor(to.scale), tensor(to.zeroPoint)));
        const ElementType type = to.qmin < 0 ? ElementType::Int8 : ElementType::Uint8;
        return m_to.add(name, Lookup{}, {from.value, addBuffer(name + ".table", table, type)});
    }

    // Whatever lies on another grid than the result is requantized on the way in.
    bool lowerRequantizingConcat(const Node& node) {
        const auto inCodes = [&](ValueId id) { return codesOf(id) != nullptr; };
        const Node* quantizer = std::holds_alternative<Concat>(node.op) && std::ranges::all_of(node.inputs, inCodes)
                                    ? onlyQuantizer(node.outputs.front())
                                    : nullptr;
        if (!quantizer) return false;
        const Codes codes = *byteCodes(*quantizer);
        std::vector<ValueId> inputs;
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            const Codes& from = *codesOf(node.inputs[i]);
            inputs.push_back(from.sameGrid(codes)
                                 ? from.value
                                 : lookUp(str(node.name, ".requantize.", i), from, codes, [](float x) { return x; }));
        }
        absorb(*quantizer, codes, m_to.add(node.name, node.op, inputs));
        return true;
    }

    bool lowerAdd(const Node& node) {
        const auto* binary = std::get_if<Binary>(&node.op);
        if (!binary || binary->kind != BinaryKind::Add) return false;
        const Codes* a = codesOf(node.inputs[0]);
        const Codes* b = codesOf(node.inputs[1]);
        const Node* quantizer = a && b ? onlyQuantizer(node.outputs.front()) : nullptr;
        if (!quantizer) return false;
        const Codes codes = *byteCodes(*quantizer);
        const ValueId scales =
            addBuffer(node.name + ".scales", at::tensor({scaleOf(a->scale), scaleOf(b->scale), scaleOf(codes.scale)}));
        const ValueId zeros =
            addBuffer(node.name + ".zero_points",
                      at::tensor({zeroOf(a->zeroPoint), zeroOf(b->zeroPoint), zeroOf(codes.zeroPoint)}));
        absorb(*quantizer, codes,
               m_to.add(node.name, IntegerAdd{codes.qmin, codes.qmax}, {a->value, b->value, scales, zeros}));
        return true;
    }

    const Graph& m_from;
    Graph m_to;
    std::map<ValueId, ValueId> m_float;  // old value -> the same in the new graph
    std::map<ValueId, Codes> m_codes;
    std::set<NodeId> m_done;  // quantizers that are part of another node
};

}  // namespace

Graph lowerToIntegers(const Graph& graph, CodeValues* codes) {
    for (const NodeId id : graph.order()) {
        const auto* quantizer = std::get_if<FakeQuantize>(&graph.node(id).op);
        ensure(!quantizer || isCanonical(*quantizer), "canonical quantizers before lowering");
    }
    return Lowering(graph).run(codes);
}

}  // namespace qat
