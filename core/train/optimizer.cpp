// Parameter groups and fused updates.
#include "train/optimizer.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>

#include "base/error.h"
#include "ops/fake_quantize.h"
#include "train/low_bit_weights.h"
#include "train/update_loops.h"

namespace qat {
namespace {

constexpr int64_t kGrain = 32768;

// Where an input of an op belongs; index as in the op's comment.
ParameterGroup groupOf(const Op& op, size_t index) {
    if (std::holds_alternative<FakeQuantize>(op) && index >= 1) return ParameterGroup::Quantizer;
    if (std::holds_alternative<BatchNorm>(op)) return index == 1 ? ParameterGroup::Norm : ParameterGroup::Bias;
    return index == traitsOf(op).layer.bias ? ParameterGroup::Bias : ParameterGroup::Weight;
}

TensorPtr zerosLike(const at::Tensor& tensor) {
    return std::make_shared<at::Tensor>(at::zeros_like(tensor.detach()));
}

double learningRate(const StepSettings& settings, ParameterGroup group) {
    switch (group) {
        case ParameterGroup::Bias:
            return settings.lrBias;
        case ParameterGroup::Weight:
            return settings.lrWeight;
        case ParameterGroup::Norm:
            return settings.lrNorm;
        case ParameterGroup::Quantizer:
            return settings.lrQuant;
    }
    return 0;
}

}  // namespace

Optimizer::Optimizer(const Graph& graph, const TrainConfig& config, const State& besides, const Decays& clipDecays)
    : m_graph(graph), m_config(config) {
    const double nominal = std::max(config.nominalBatch, config.batchSize);
    const double accumulate = std::max(1.0, std::round(nominal / config.batchSize));
    m_decayScale = config.batchSize * accumulate / nominal;
    std::map<ValueId, ParameterGroup> groups;
    std::map<ValueId, NodeId> quantizers;  // by learned scale
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            if (graph.value(node.inputs[i]).kind != ValueKind::Parameter) continue;
            groups.try_emplace(node.inputs[i], groupOf(node.op, i));
            if (std::holds_alternative<FakeQuantize>(node.op) && i == 1) quantizers.try_emplace(node.inputs[i], id);
        }
    }
    const bool adam = config.optimizer != OptimizerKind::Sgd;
    const auto add = [&](const std::string& name, ValueId id, const TensorPtr& own, ParameterGroup group) {
        const at::Tensor& parameter = own ? *own : *graph.value(id).data;
        m_slots.push_back({name, id, own, group, zerosLike(parameter), adam ? zerosLike(parameter) : nullptr});
    };
    for (const ValueId id : graph.storedValues()) {
        const auto group = groups.find(id);
        if (group == groups.end()) continue;
        add(graph.value(id).name, id, nullptr, group->second);
        if (const auto found = quantizers.find(id); found != quantizers.end()) m_slots.back().quantizer = found->second;
        if (const auto found = clipDecays.find(id); found != clipDecays.end()) m_slots.back().clipDecay = found->second;
    }
    for (const auto& [name, tensor] : besides) add(name, ValueId{}, tensor, ParameterGroup::Weight);
}

double Optimizer::gradientNorm() const {
    double total = 0;
    for (const Slot& slot : m_slots) {
        const at::Tensor gradient = parameterOf(slot).grad();
        if (!gradient.defined()) continue;
        const at::Tensor dense = gradient.is_non_overlapping_and_dense() ? gradient : gradient.contiguous();
        total += loops::sumOfSquares(dense.data_ptr<float>(), dense.numel());
    }
    return std::sqrt(total);
}

double Optimizer::step(const StepSettings& settings) {
    const double norm = gradientNorm();
    if (std::isfinite(norm)) {
        ++m_steps;
        const float clip =
            m_config.maxGradNorm > 0 ? static_cast<float>(std::min(1.0, m_config.maxGradNorm / (norm + 1e-6))) : 1.0f;
        for (Slot& slot : m_slots) update(slot, settings, clip);
    }
    dropGradients();
    return norm;
}

void Optimizer::dropGradients() {
    for (const Slot& slot : m_slots) parameterOf(slot).mutable_grad() = at::Tensor();
}

void Optimizer::update(Slot& slot, const StepSettings& settings, float clip) {
    at::Tensor parameter = parameterOf(slot);
    at::Tensor gradient = orderedGradient(parameter);
    if (!gradient.defined()) return;
    if (slot.clipDecay > 0) {  // of the loss, but as strong however much its gradient is clipped
        gradient = gradient * clip +
                   clipPenaltyGradient(quantizerOf(slot), parameter.detach()) * (slot.clipDecay * m_decayScale);
        clip = 1;
    }
    const float lr = static_cast<float>(learningRate(settings, slot.group));
    const float decay =
        slot.group == ParameterGroup::Weight ? static_cast<float>(m_config.weightDecay * m_decayScale) : 0.0f;
    float* p = parameter.data_ptr<float>();
    const float* g = gradient.data_ptr<float>();
    float* m = slot.first->data_ptr<float>();
    at::parallel_for(0, parameter.numel(), kGrain, [&](int64_t begin, int64_t end) {
        if (m_config.optimizer == OptimizerKind::Sgd) {
            loops::sgdStep(p + begin, g + begin, m + begin, end - begin,
                           {lr, static_cast<float>(settings.momentum), decay, clip});
            return;
        }
        const bool decoupled = m_config.optimizer == OptimizerKind::AdamW;
        const double beta1 = settings.momentum, beta2 = 0.999, t = static_cast<double>(m_steps);
        const loops::AdamStep step{lr,
                                   static_cast<float>(beta1),
                                   static_cast<float>(beta2),
                                   static_cast<float>(1 - std::pow(beta1, t)),
                                   static_cast<float>(1 - std::pow(beta2, t)),
                                   1e-8f,
                                   decoupled ? 0.0f : decay,
                                   decoupled ? lr * decay : 0.0f,
                                   clip};
        loops::adamStep(p + begin, g + begin, m + begin, slot.second->data_ptr<float>() + begin, end - begin, step);
    });
    if (!slot.quantizer) return;
    const float least = leastHeldScale(quantizerOf(slot));  // a scale that reached zero would not come back
    for (int64_t i = 0; i < parameter.numel(); ++i) p[i] = std::max(p[i], least);
}

Optimizer::State Optimizer::state() const {
    State state;
    for (const Slot& slot : m_slots) {
        state.emplace_back(slot.name + "#first", slot.first);
        if (slot.second) state.emplace_back(slot.name + "#second", slot.second);
    }
    return state;
}

void Optimizer::restore(const State& state, int64_t steps) {
    std::map<std::string_view, const at::Tensor*> given;
    for (const auto& [name, tensor] : state) given[name] = tensor.get();
    const auto take = [&](const std::string& name, const TensorPtr& target) {
        const auto found = given.find(name);
        require(found != given.end() && found->second->sizes() == target->sizes(), ErrorKind::BadInput,
                "the checkpoint's optimizer state does not fit: ", name);
        target->copy_(*found->second);
    };
    for (Slot& slot : m_slots) {
        take(slot.name + "#first", slot.first);
        if (slot.second) take(slot.name + "#second", slot.second);
    }
    m_steps = steps;
}

}  // namespace qat
