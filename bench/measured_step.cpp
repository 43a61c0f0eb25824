// What the trainer's step works on.
#include "measured_step.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "loss/yolov8_loss.h"
#include "quant/calibrate.h"
#include "quant/plan.h"
#include "subject.h"

namespace qat::bench {
namespace {

// Small enough that hundreds of steps on one batch of noise stay finite.
constexpr double kLearningRate = 1e-4;
constexpr StepSettings kSettings{.lrBias = kLearningRate,
                                 .lrWeight = kLearningRate,
                                 .lrNorm = kLearningRate,
                                 .lrQuant = kLearningRate,
                                 .momentum = 0.937,
                                 .accumulate = 1};

class SurrogateLoss final : public Loss {
public:
    explicit SurrogateLoss(std::vector<std::string> outputs) : m_outputs(std::move(outputs)) {}
    std::vector<std::string> outputs() const override { return m_outputs; }
    LossValue of(const std::vector<at::Tensor>& maps, const at::Tensor&) const override {
        at::Tensor sum = at::zeros({});
        for (const at::Tensor& map : maps) sum = sum + map.square().mean();
        return {sum, {{"square", sum.item<double>()}}};
    }
    std::vector<std::string> settings() const override { return {}; }

private:
    std::vector<std::string> m_outputs;
};

std::unique_ptr<Loss> lossOf(const Graph& graph, StepLossKind kind) {
    if (kind == StepLossKind::Surrogate) return std::make_unique<SurrogateLoss>(headOutputs(graph));
    DetectionLossOptions options;
    options.numClasses = graph.info.numClasses;
    options.regMax = graph.info.regMax;
    options.strides = graph.info.strides;
    return std::make_unique<Yolov8Loss>(headOutputs(graph), options);
}

}  // namespace

MeasuredStep::MeasuredStep(Graph graph, const StepOptions& options)
    : m_graph(std::move(graph)),
      m_options(options),
      m_images(noiseImages(options.batch, options.imgsz)),
      m_targets(madeUpTargets(options.batch, m_graph.info.numClasses)),
      m_loss(lossOf(m_graph, options.loss)) {
    if (options.quantizers != StepQuantizers::None) insertQuantizers();
    prepareTensors(m_graph, Gradients::OfParameters);
    TrainConfig config;
    config.batchSize = static_cast<int>(options.batch);
    m_optimizer.emplace(trainedParameters(m_graph, config), config);
    if (m_quantizers && options.oscillation) m_stabilizer.emplace(m_graph, *m_quantizers, *options.oscillation);
    m_step.emplace(StepParts{.graph = m_graph,
                             .loss = *m_loss,
                             .optimizer = *m_optimizer,
                             .quantizers = m_quantizers ? &*m_quantizers : nullptr,
                             .stabilizer = m_stabilizer ? &*m_stabilizer : nullptr});
    m_step->enter({});
}

void MeasuredStep::insertQuantizers() {
    const Graph floatGraph = m_graph.clone(true);
    Config config = w8a8(m_options.quantizers == StepQuantizers::Learned);
    config.quantization.weight.bitWidth = m_options.weightBits;
    m_quantizers.emplace(m_graph, resolvePlan(m_graph, config));
    calibrate(
        floatGraph, m_graph, *m_quantizers, once(m_images), [](int64_t) {}, CancelToken());
    m_quantizers->startLearnedScales(m_graph);
}

void MeasuredStep::run() {
    m_step->forward(m_images);
    const double loss = m_step->loss(m_targets).sum();
    require(std::isfinite(loss), ErrorKind::Internal, "the loss of the measured step is not finite");
    m_step->backward();
    m_step->reduce();
    m_step->update(kSettings, /*progress=*/1, m_options.batch);
    m_step->follow(/*progress=*/1);
}

}  // namespace qat::bench
