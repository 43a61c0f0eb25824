// Averaging, one fused pass over memory.
#include "train/ema.h"

#include <ATen/ATen.h>

#include <cmath>

#include "train/update_kernels.h"

namespace qat {

double emaDecay(const EmaConfig& config, int64_t update) {
    return config.decay * (1 - std::exp(-static_cast<double>(update) / config.tau));
}

Ema::Ema(const Graph& model, const EmaConfig& config) : m_graph(model.clone(true)), m_config(config) {
    for (const NodeId id : model.order()) {
        const auto* op = std::get_if<FakeQuantize>(&model.node(id).op);
        if (!op) continue;
        if (!op->learnOffset) m_copied.insert(model.node(id).inputs[2]);
        if (!config.scales) m_copied.insert(model.node(id).inputs[1]);
    }
}

void Ema::update(const Graph& model) {
    const auto decay = static_cast<float>(emaDecay(m_config, ++m_updates));
    for (const ValueId id : model.storedValues()) {
        at::Tensor& average = *m_graph.value(id).data;
        const at::Tensor& value = *model.value(id).data;
        if (m_copied.contains(id) || average.sizes() != value.sizes() || average.strides() != value.strides()) {
            average = value.detach().clone();
            continue;
        }
        updateKernelsOf(average).average(average, value, decay);
    }
}

}  // namespace qat
