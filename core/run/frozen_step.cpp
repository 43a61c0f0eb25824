// Two kinds: Conv2d [Activation] [FakeQuantize] in float, and IntegerConv2d [Lookup | [Activation] [Quantize]] on
// codes.
#include "run/frozen_step.h"

#include <ATen/ATen.h>

#include <optional>

#include "ops/chain_tensors.h"
#include "ops/fused_activation.h"
#include "ops/integer_conv.h"
#include "ops/integer_ops.h"
#include "ops/packed_conv.h"

namespace qat {
namespace {

bool joinsFloat(const Op& last, const Op& op) {
    const auto* activation = std::get_if<Activation>(&op);
    if (activation) return std::holds_alternative<Conv2d>(last) && PackedConv::canApply(*activation);
    const auto* quantizer = std::get_if<FakeQuantize>(&op);
    return quantizer && quantizer->axis < 0 && !quantizer->weight && !std::holds_alternative<FakeQuantize>(last);
}

bool joinsInteger(const IntegerConv2d& conv, const Op& last, const Op& op) {
    const bool first = std::holds_alternative<IntegerConv2d>(last);
    if (conv.requantize) return first && std::holds_alternative<Lookup>(op);
    if (std::holds_alternative<Activation>(op)) return first;
    return std::holds_alternative<Quantize>(op) && !std::holds_alternative<Quantize>(last);
}

}  // namespace

bool startsFrozen(const Op& op) {
    return std::holds_alternative<Conv2d>(op) || std::holds_alternative<IntegerConv2d>(op);
}

bool joinsFrozen(const std::vector<const Node*>& nodes, const Op& op) {
    const Op& last = nodes.back()->op;
    if (const auto* conv = std::get_if<IntegerConv2d>(&nodes.front()->op)) return joinsInteger(*conv, last, op);
    return std::holds_alternative<Conv2d>(nodes.front()->op) && joinsFloat(last, op);
}

struct FrozenStep::State {
    std::optional<PackedConv> conv;
    ActivationChain chain;  // of the quantizer after it
    ChainTensors tensors;
    std::optional<IntegerConv> integer;
};

FrozenStep::FrozenStep(const std::vector<const Node*>& nodes, const std::function<at::Tensor(ValueId)>& stored)
    : m_state(std::make_unique<State>()) {
    const Node& first = *nodes.front();
    std::vector<at::Tensor> inputs{at::Tensor()};
    for (size_t i = 1; i < first.inputs.size(); ++i) inputs.push_back(stored(first.inputs[i]));
    std::optional<Activation> activation;
    IntegerEpilogue tail;
    for (const Node* node : nodes) {
        const auto input = [&](size_t index) { return stored(node->inputs[index]); };
        if (const auto* act = std::get_if<Activation>(&node->op))
            activation = tail.activation = *act;
        else if (std::holds_alternative<Lookup>(node->op))
            tail.table = input(1);
        else if (const auto* codes = std::get_if<Quantize>(&node->op))
            tail.grid = codeGrid(codes->qmin, codes->qmax, input(1), input(2));
        else if (const auto* quantizer = std::get_if<FakeQuantize>(&node->op)) {
            m_state->chain.quantizer = *quantizer;
            m_state->tensors.scale = input(1), m_state->tensors.zeroPoint = input(2);
        }
    }
    if (const auto* conv = std::get_if<IntegerConv2d>(&first.op))
        m_state->integer.emplace(*conv, inputs, tail);
    else
        m_state->conv.emplace(std::get<Conv2d>(first.op), inputs[1], inputs.size() > 2 ? inputs[2] : at::Tensor(),
                              activation);
}

FrozenStep::FrozenStep(FrozenStep&&) noexcept = default;
FrozenStep::~FrozenStep() = default;

at::Tensor FrozenStep::run(const at::Tensor& x) {
    if (m_state->integer) return m_state->integer->run(x);
    at::Tensor y = m_state->conv->run(x);
    if (m_state->chain.quantizer) y = applyChain(m_state->chain, y, m_state->tensors, false, /*inPlace=*/true);
    return y;
}

}  // namespace qat
