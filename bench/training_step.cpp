// The step.
#include "training_step.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "quant/calibrate.h"
#include "quant/plan.h"
#include "subject.h"

namespace qat::bench {
namespace {

// Small enough that hundreds of steps on one batch of noise stay finite.
constexpr double kLearningRate = 1e-4;

DetectionLossOptions lossOptionsOf(const Graph& graph) {
    DetectionLossOptions options;
    options.numClasses = graph.info.numClasses;
    options.regMax = graph.info.regMax;
    options.strides = graph.info.strides;
    return options;
}

}  // namespace

TrainingStep::TrainingStep(Graph graph, const StepOptions& options)
    : m_graph(std::move(graph)),
      m_options(options),
      m_lossOptions(lossOptionsOf(m_graph)),
      m_images(noiseImages(options.batch, options.imgsz)),
      m_targets(madeUpTargets(options.batch, m_graph.info.numClasses)) {
    if (options.quantizers != StepQuantizers::None) insertQuantizers();
    prepareParameters();
    TrainConfig config;
    config.batchSize = static_cast<int>(options.batch);
    m_optimizer.emplace(m_graph, config);
    if (m_quantizers && options.oscillation) m_stabilizer.emplace(m_graph, *m_quantizers, *options.oscillation);
    m_executor.emplace(m_graph, ExecutorOptions{.outputs = headOutputs(m_graph), .train = true, .grad = true});
    if (m_observer)
        m_executor->setRangeSink(
            [this](ValueId value) { return m_observer->wants(value); },
            [this](ValueId value, float low, float high) { m_observer->seeRange(value, low, high); });
}

void TrainingStep::insertQuantizers() {
    const Graph floatGraph = m_graph.clone(true);
    Config config = w8a8(m_options.quantizers == StepQuantizers::Learned);
    config.quantization.weight.bitWidth = m_options.weightBits;
    m_quantizers.emplace(m_graph, resolvePlan(m_graph, config));
    calibrate(
        floatGraph, m_graph, *m_quantizers, once(m_images), [](int64_t) {}, CancelToken());
    m_quantizers->startLearnedScales(m_graph);
    m_observer.emplace(*m_quantizers);
}

void TrainingStep::prepareParameters() {
    for (const ValueId id : m_graph.storedValues()) {
        Value& value = m_graph.value(id);
        at::Tensor tensor = value.data->detach().clone();
        if (value.kind == ValueKind::Parameter) tensor.requires_grad_(true);
        value.data = std::make_shared<at::Tensor>(std::move(tensor));
    }
}

at::Tensor TrainingStep::lossOf(const std::vector<at::Tensor>& maps) const {
    if (m_options.loss == StepLoss::Detection) return detectionLoss(maps, m_targets, m_lossOptions).total;
    at::Tensor sum = at::zeros({});
    for (const at::Tensor& map : maps) sum = sum + map.square().mean();
    return sum;
}

void TrainingStep::moveActivationRanges() {
    m_observer->endBatch();
    for (const Quantizer& q : m_quantizers->all())
        if (!q.weight && q.how.fakeQuantize.type != FakeQuantKind::Lsq) m_quantizers->applyRange(m_graph, q);
}

void TrainingStep::run() {
    if (m_quantizers) m_quantizers->followWeights(m_graph);
    const auto maps = m_executor->run(m_images);
    const at::Tensor loss = lossOf(maps);
    require(std::isfinite(loss.item<float>()), ErrorKind::Internal, "the loss of the measured step is not finite");
    loss.backward();
    if (m_observer) moveActivationRanges();
    if (m_stabilizer) m_stabilizer->beforeStep(1, m_options.batch);
    m_optimizer->step({.lrBias = kLearningRate,
                       .lrWeight = kLearningRate,
                       .lrNorm = kLearningRate,
                       .lrQuant = kLearningRate,
                       .momentum = 0.937,
                       .accumulate = 1});
    if (m_stabilizer) m_stabilizer->afterStep(1);
}

}  // namespace qat::bench
