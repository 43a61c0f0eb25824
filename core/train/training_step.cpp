// The verbs of a step.
#include "train/training_step.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "quant/declared_quantizers.h"
#include "quant/unquantized.h"

namespace qat {
namespace {

// Weights outside a constant range have no gradient, and would never come back.
void holdInConstantRanges(Graph& graph, const QuantizerSet& quantizers) {
    const at::NoGradGuard noGrad;
    for (const Quantizer& q : quantizers.all()) {
        if (!q.weight || !q.how.tensor.fixed) continue;
        const DeclaredQuantizer* declared = declaredWeight(graph, graph.node(q.layers.front()));
        if (declared && declared->range == DeclaredRange::Constant)
            graph.value(q.observed.front()).data->clamp_(*q.how.tensor.min, *q.how.tensor.max);
    }
}

}  // namespace

TrainingStep::TrainingStep(const StepParts& parts, SeeRange seeRange)
    : m_parts(parts), m_seeRange(std::move(seeRange)) {
    if (parts.quantizers) m_observer.emplace(*parts.quantizers);
}

void TrainingStep::enter(const StepMode& mode) {
    m_mode = mode;
    ExecutorOptions options{.outputs = m_parts.loss.outputs(), .train = mode.followsNorms, .grad = true};
    if (m_parts.distiller) options.values = m_parts.distiller->studentFeatures();
    if (mode.plain)
        for (ValueId& value : options.values) value = unquantized(m_parts.graph, value);
    m_executor.emplace(mode.plain ? *mode.plain : m_parts.graph, std::move(options));
    if (!m_observer || !mode.movesGrids) return;
    m_executor->setRangeSink([this](ValueId value) { return m_observer->wants(value); },
                             [this](ValueId value, float low, float high) {
                                 if (m_seeRange) m_seeRange(value, low, high);
                                 if (movesGrids()) m_observer->seeRange(value, low, high);
                             });
}

void TrainingStep::forward(const at::Tensor& images) {
    if (movesGrids()) {
        m_parts.quantizers->followWeights(m_parts.graph);
        if (m_parts.stabilizer) m_parts.stabilizer->hold(m_parts.graph);
    }
    m_images = images;
    m_outputs = m_executor->run(images);
    const auto maps = static_cast<std::ptrdiff_t>(m_parts.loss.outputs().size());
    m_features.assign(m_outputs.begin() + maps, m_outputs.end());
    m_outputs.erase(m_outputs.begin() + maps, m_outputs.end());
}

StepLoss TrainingStep::loss(const at::Tensor& targets) {
    const at::AutoGradMode gradMode(true);
    const LossValue task = m_parts.loss.of(m_outputs, targets);
    m_total = task.total;
    if (!m_parts.distiller) return {task.terms, task.rest};
    const Distiller::Loss distillation = m_parts.distiller->against(m_images, m_outputs, m_features);
    m_total = m_parts.distiller->mixed(task.total, distillation);
    return {task.terms, task.rest, distillation.value};
}

void TrainingStep::backward() {
    const at::AutoGradMode gradMode(true);
    m_total.backward();
    forgetBatch();
    if (m_observer && movesGrids()) moveActivationRanges();
}

void TrainingStep::forgetBatch() {
    m_images = m_total = at::Tensor();
    m_outputs.clear(), m_features.clear();
}

void TrainingStep::moveActivationRanges() {
    m_observer->endBatch();
    for (const Quantizer& q : m_parts.quantizers->all())
        if (!q.weight && !isLearned(q.how.fakeQuantize.type)) m_parts.quantizers->applyRange(m_parts.graph, q);
}

void TrainingStep::reduce() {
    m_parts.optimizer.reduce(m_parts.communicator);
}

TrainingStep::Update TrainingStep::update(const StepSettings& settings, double progress, int64_t images) {
    Update update;
    const auto pictures = static_cast<double>(std::max<int64_t>(images * m_parts.communicator.size(), 1));
    if (stabilizer()) update.dampening = stabilizer()->beforeStep(progress, images * m_parts.communicator.size());
    update.gradientNorm = m_parts.optimizer.step(settings, m_parts.loss.isMean() ? 1 / pictures : 1.0);
    if (m_parts.quantizers) holdInConstantRanges(m_parts.graph, *m_parts.quantizers);
    return update;
}

void TrainingStep::follow(double progress) {
    if (stabilizer()) stabilizer()->afterStep(progress);
    if (!m_parts.average) return;
    m_parts.average->update(m_parts.graph);
    if (stabilizer()) stabilizer()->hold(m_parts.average->graph());
}

void TrainingStep::drop() {
    m_parts.optimizer.dropGradients();
    forgetBatch();
    if (m_observer) m_observer.emplace(*m_parts.quantizers);
}

}  // namespace qat
