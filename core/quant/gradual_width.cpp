// Changing grids under way.
#include "quant/gradual_width.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace qat {
namespace {

QuantGrid gridOfWidth(const Quantizer& q, int bits) {
    Resolved how = q.how;
    how.tensor.bitWidth = bits;
    return gridOf(how);
}

void setGrid(Graph& graph, const Quantizer& q, const QuantGrid& grid) {
    for (const NodeId id : q.nodes) {
        auto& op = std::get<FakeQuantize>(graph.node(id).op);
        op.bits = grid.bits, op.qmin = grid.qmin, op.qmax = grid.qmax, op.format = grid.format;
    }
}

void keepRange(Graph& graph, const Quantizer& q, const QuantGrid& from, const QuantGrid& to) {
    const at::NoGradGuard noGrad;
    const double ratio = static_cast<double>(from.qmax - from.qmin) / static_cast<double>(to.qmax - to.qmin);
    at::Tensor& scale = *graph.value(q.scale).data;
    at::Tensor& zeroPoint = *graph.value(q.zeroPoint).data;
    const bool plain = std::get<FakeQuantize>(graph.node(q.nodes.front()).op).scaleForm == ScaleForm::Plain;
    scale.copy_(plain ? scale.to(at::kDouble) * ratio : scale.to(at::kDouble) + std::log2(ratio));
    if (to.symmetric)
        zeroPoint.fill_(to.qmin < 0 ? 0.0 : static_cast<double>((to.qmin + to.qmax + 1) / 2));
    else
        zeroPoint.copy_(((zeroPoint - static_cast<double>(from.qmin)) / ratio + static_cast<double>(to.qmin))
                            .round()
                            .clamp(to.qmin, to.qmax));
}

}  // namespace

int widthIn(int64_t epoch, int start, int bits, int epochs) {
    if (start <= bits || epoch >= epochs || epoch < 0) return bits;
    return std::max<int>(bits, start - static_cast<int>(epoch * (start - bits) / epochs));
}

GradualWidths::GradualWidths(QuantizerSet& set, const GradualBitsConfig& config) : m_set(set), m_config(config) {}

void GradualWidths::adopt(Graph& graph, int64_t epoch) {
    for (Quantizer& q : m_set.all()) {
        const int start = q.weight ? m_config.weight : m_config.activation;
        q.grid = gridOfWidth(q, widthIn(epoch, start, q.how.tensor.bitWidth, m_config.duration));
        setGrid(graph, q, q.grid);
    }
}

bool GradualWidths::advance(Graph& graph, Graph* average, int64_t epoch) {
    bool changed = false;
    for (Quantizer& q : m_set.all()) {
        const int start = q.weight ? m_config.weight : m_config.activation;
        const QuantGrid from = q.grid,
                        to = gridOfWidth(q, widthIn(epoch, start, q.how.tensor.bitWidth, m_config.duration));
        if (from == to) continue;
        changed = true;
        q.grid = to;
        for (Graph* each : {&graph, average}) {
            if (!each) continue;
            setGrid(*each, q, to);
            keepRange(*each, q, from, to);
        }
    }
    return changed;
}

}  // namespace qat
