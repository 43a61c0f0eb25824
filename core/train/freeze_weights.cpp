// Freezing, holding, and the gradients of what is frozen.
#include "train/freeze_weights.h"

#include <ATen/ATen.h>

#include <numbers>

#include "base/error.h"
#include "ops/fake_quantize.h"
#include "train/update_kernels.h"

namespace qat {
namespace {

int64_t countFrozen(const at::Tensor& code) {
    return code.ne(loops::kFree).sum().item<int64_t>();
}

// Where the values are a copy of the tensor, it takes what changed in them.
void writeBack(at::Tensor& tensor, const at::Tensor& values) {
    if (values.data_ptr() == tensor.data_ptr()) return;
    const at::NoGradGuard noGrad;
    tensor.copy_(values);
}

// d (scale code) / d scale = code, times what LSQ multiplies every gradient of a scale with. PACT moves scales by what
// lies beyond the grid alone.
void addToScale(Graph& graph, const LowBitWeight& low, const std::vector<GridRun>& runs,
                const std::vector<double>& sums) {
    at::Tensor& scale = *graph.value(low.scale).data;
    if (!scale.grad().defined()) return;
    const auto& op = std::get<FakeQuantize>(graph.node(low.quantizer).op);
    if (op.mode != FakeQuantMode::Lsq) return;
    const double factor = scaleGradientFactor(op, graph.value(low.weight).data->sizes().vec());
    const bool plain = op.scaleForm == ScaleForm::Plain;
    const at::Tensor gradient = scale.grad().cpu();
    for (size_t i = 0; i < runs.size(); ++i) {
        const double inner = plain ? 1 : runs[i].grid.scale * std::numbers::ln2;  // of the scale by what is stored
        gradient.data_ptr<float>()[runs[i].scale] += static_cast<float>(sums[i] * factor * inner);
    }
    if (!scale.grad().is_cpu()) scale.mutable_grad().copy_(gradient);
}

}  // namespace

WeightFreezer::WeightFreezer(const OscillationTracker& tracker, double momentum)
    : m_tracker(tracker), m_momentum(static_cast<float>(momentum)) {
    for (const auto& codes : tracker.codes())
        m_frozen.push_back({std::make_shared<at::Tensor>(codes.code->to(at::kFloat)),
                            std::make_shared<at::Tensor>(at::full_like(*codes.code, loops::kFree))});
}

void WeightFreezer::restart() {
    for (size_t i = 0; i < m_frozen.size(); ++i) {
        m_frozen[i].mean->copy_(*m_tracker.codes()[i].code);
        m_frozen[i].code->fill_(loops::kFree);
        m_frozen[i].count = 0;
    }
}

void WeightFreezer::step(Graph& graph, double threshold) {
    for (size_t w = 0; w < m_frozen.size(); ++w) {
        const auto& codes = m_tracker.codes()[w];
        Frozen& frozen = m_frozen[w];
        at::Tensor& weight = *graph.value(codes.weight.weight).data;
        at::Tensor values = inRunOrder(graph, codes.weight, weight);
        const UpdateKernels::Freezing state{*codes.code, *codes.frequency, *frozen.mean, *frozen.code};
        const int64_t added = updateKernelsOf(values).freeze(values, state, gridRuns(graph, codes.weight),
                                                             static_cast<float>(threshold), m_momentum);
        frozen.count += added;
        if (added > 0) writeBack(weight, values);
    }
}

void WeightFreezer::hold(Graph& graph) const {
    for (size_t w = 0; w < m_frozen.size(); ++w) {
        if (m_frozen[w].count == 0) continue;
        const LowBitWeight& low = m_tracker.codes()[w].weight;
        at::Tensor& weight = *graph.value(low.weight).data;
        at::Tensor values = inRunOrder(graph, low, weight);
        updateKernelsOf(values).hold(values, *m_frozen[w].code, gridRuns(graph, low));
        writeBack(weight, values);
    }
}

void WeightFreezer::takeGradients(Graph& graph) const {
    for (size_t w = 0; w < m_frozen.size(); ++w) {
        if (m_frozen[w].count == 0) continue;
        const LowBitWeight& low = m_tracker.codes()[w].weight;
        at::Tensor& weight = *graph.value(low.weight).data;
        at::Tensor gradient = orderedGradient(weight);
        if (!gradient.defined()) continue;
        at::Tensor values = inRunOrder(graph, low, gradient);
        const auto runs = gridRuns(graph, low);
        const std::vector<double> sums = updateKernelsOf(values).takeFrozen(values, *m_frozen[w].code, runs);
        writeBack(gradient, values);
        addToScale(graph, low, runs, sums);
    }
}

double WeightFreezer::share(size_t index) const {
    return static_cast<double>(m_frozen[index].count) / static_cast<double>(m_frozen[index].code->numel());
}

double WeightFreezer::totalShare() const {
    double frozen = 0, all = 0;
    for (const Frozen& f : m_frozen) {
        frozen += static_cast<double>(f.count);
        all += static_cast<double>(f.code->numel());
    }
    return all > 0 ? frozen / all : 0;
}

OscillationTracker::State WeightFreezer::state() const {
    OscillationTracker::State state;
    for (size_t i = 0; i < m_frozen.size(); ++i) {
        const std::string& layer = m_tracker.codes()[i].weight.layer;
        state.emplace_back(layer + "#mean", m_frozen[i].mean);
        state.emplace_back(layer + "#frozen", codesAsBytes(*m_frozen[i].code));
    }
    return state;
}

void WeightFreezer::restore(const OscillationTracker::State& state) {
    for (size_t i = 0; i < m_frozen.size(); ++i) {
        const std::string& layer = m_tracker.codes()[i].weight.layer;
        restoreState(state, layer, "#mean", *m_frozen[i].mean);
        restoreState(state, layer, "#frozen", *m_frozen[i].code);
        m_frozen[i].count = countFrozen(*m_frozen[i].code);
    }
}

}  // namespace qat
