// Fused updates.
#include "train/optimizer.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "train/update_kernels.h"

namespace qat {
namespace {

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

bool isAdam(OptimizerKind kind) {
    return kind == OptimizerKind::Adam || kind == OptimizerKind::AdamW;
}

bool takesMuon(const TrainedParameter& parameter, OptimizerKind kind) {
    return kind == OptimizerKind::MuSgd && parameter.group == ParameterGroup::Weight && parameter.tensor->dim() >= 2;
}

constexpr double kMuonShare = 0.2;  // of the learning rate; SGD beside it has all of it

}  // namespace

Optimizer::Optimizer(std::vector<TrainedParameter> parameters, const TrainConfig& config) : m_config(config) {
    const double nominal = std::max(config.nominalBatch, config.batchSize);
    const double accumulate = std::max(1.0, std::round(nominal / config.batchSize));
    m_decayScale = config.batchSize * accumulate / nominal;
    for (TrainedParameter& parameter : parameters) {
        const at::Tensor& tensor = *parameter.tensor;
        const bool two = isAdam(config.optimizer) || takesMuon(parameter, config.optimizer);
        m_slots.push_back({parameter, zerosLike(tensor), two ? zerosLike(tensor) : nullptr});
    }
}

void Optimizer::reduce(Communicator& communicator) const {
    if (communicator.size() == 1) return;
    for (const Slot& slot : m_slots) {
        const at::Tensor gradient = orderedGradient(*slot.parameter.tensor);
        if (!gradient.defined()) continue;
        const at::Tensor here = gradient.cpu();
        communicator.sum({here.data_ptr<float>(), static_cast<size_t>(here.numel())});
        if (!gradient.is_cpu()) gradient.copy_(here);
    }
}

double Optimizer::gradientNorm() const {
    double total = 0;
    for (const Slot& slot : m_slots) {
        const at::Tensor gradient = slot.parameter.tensor->grad();
        if (!gradient.defined()) continue;
        const at::Tensor dense = gradient.is_non_overlapping_and_dense() ? gradient : gradient.contiguous();
        total += updateKernelsOf(dense).sumOfSquares(dense);
    }
    return std::sqrt(total);
}

double Optimizer::step(const StepSettings& settings, double share) {
    const double norm = gradientNorm() * share;
    if (std::isfinite(norm)) {
        ++m_steps;
        const double shortened = m_config.maxGradNorm > 0 ? std::min(1.0, m_config.maxGradNorm / (norm + 1e-6)) : 1.0;
        const auto clip = static_cast<float>(share * shortened);
        for (Slot& slot : m_slots) update(slot, settings, clip);
    }
    dropGradients();
    return norm;
}

void Optimizer::dropGradients() {
    for (const Slot& slot : m_slots) slot.parameter.tensor->mutable_grad() = at::Tensor();
}

void Optimizer::update(Slot& slot, const StepSettings& settings, float clip) {
    const TrainedParameter& how = slot.parameter;
    at::Tensor parameter = *how.tensor;
    at::Tensor gradient = orderedGradient(parameter);
    if (!gradient.defined()) return;
    if (how.penalty && how.decay > 0) {  // of the loss, but as strong however much its gradient is clipped
        gradient = gradient * clip + how.penalty(parameter.detach()) * (how.decay * m_decayScale);
        clip = 1;
    }
    const float lr = static_cast<float>(learningRate(settings, how.group));
    const float decay = how.penalty ? 0.0f : static_cast<float>(how.decay * m_decayScale);
    step(slot, gradient, lr, settings.momentum, decay, clip);
    // A scale at zero would not come back.
    if (std::isfinite(how.floor)) updateKernelsOf(parameter).raise(parameter, how.floor);
}

void Optimizer::step(Slot& slot, const at::Tensor& gradient, float lr, double momentum, float decay, float clip) {
    at::Tensor parameter = *slot.parameter.tensor;
    const UpdateKernels& kernels = updateKernelsOf(parameter);
    const auto beta = static_cast<float>(momentum);
    if (isAdam(m_config.optimizer))
        return kernels.adamStep(parameter, gradient, *slot.first, *slot.second, adamStep(lr, momentum, decay, clip));
    if (takesMuon(slot.parameter, m_config.optimizer))
        kernels.muonStep(parameter, gradient, *slot.second, {static_cast<float>(kMuonShare * lr), beta, clip});
    kernels.sgdStep(parameter, gradient, *slot.first, {lr, beta, decay, clip});
}

loops::AdamStep Optimizer::adamStep(float lr, double beta1, float decay, float clip) const {
    const bool decoupled = m_config.optimizer == OptimizerKind::AdamW;
    const double beta2 = 0.999, t = static_cast<double>(m_steps);
    return {lr,
            static_cast<float>(beta1),
            static_cast<float>(beta2),
            static_cast<float>(1 - std::pow(beta1, t)),
            static_cast<float>(1 - std::pow(beta2, t)),
            1e-8f,
            decoupled ? 0.0f : decay,
            decoupled ? lr * decay : 0.0f,
            clip};
}

Optimizer::State Optimizer::state() const {
    State state;
    for (const Slot& slot : m_slots) {
        state.emplace_back(slot.parameter.name + "#first", slot.first);
        if (slot.second) state.emplace_back(slot.parameter.name + "#second", slot.second);
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
        take(slot.parameter.name + "#first", slot.first);
        if (slot.second) take(slot.parameter.name + "#second", slot.second);
    }
    m_steps = steps;
}

}  // namespace qat
