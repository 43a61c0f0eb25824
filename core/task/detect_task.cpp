// From head and loss weights to a loss, from boxes to figures.
#include "task/detect_task.h"

#include "base/error.h"
#include "config/derived.h"
#include "eval/match.h"
#include "loss/yolov8_loss.h"
#include "task/class_weights.h"
#include "task/detect_metrics.h"
#include "task/detect_parity.h"

namespace qat {
namespace {

DetectionLossOptions optionsOf(const ModelInfo& model, const TrainConfig& config, const Dataset& data) {
    DetectionLossOptions options;
    options.numClasses = model.numClasses;
    options.regMax = model.regMax;
    options.strides = model.strides;
    const LossGains gains = lossGains(config.lossWeights);
    options.boxGain = gains.box, options.clsGain = gains.cls, options.dflGain = gains.dfl;
    options.classWeights = classWeights(config, options.numClasses, data);
    return options;
}

}  // namespace

MetricList DetectTask::metrics() const {
    return detectMetrics({}).names(name());
}

MeasuringFacts DetectTask::measuring(const ModelInfo& model) const {
    return detectMeasuring(model, validateOptions(model));
}

MeasuringFacts detectMeasuring(const ModelInfo& model, const NmsOptions& boxes) {
    MeasuringFacts facts{{{"confidence", boxes.conf}},
                         "mean average precision over IoU 0.50 to 0.95 by Ultralytics' rules, matched in pixels of the "
                         "original images; quantized models as integers"};
    if (postProcessingOf(model) == PostProcessing::Suppression) facts.settings.emplace_back("nms_iou", boxes.iou);
    if (!model.head.empty()) facts.words.emplace_back("head", model.head);
    facts.words.emplace_back("post_processing", postProcessingText(model, boxes));
    return facts;
}

std::unique_ptr<Loss> DetectTask::makeLoss(const Graph& graph, const TrainConfig& config, const Dataset& data) const {
    const bool anchorFree = !graph.info.strides.empty() && graph.info.regMax > 1;
    require(anchorFree, ErrorKind::Unsupported, "there is no training loss for ", graph.info.architecture,
            ": only anchor-free detection heads have one");
    return std::make_unique<Yolov8Loss>(graph.outputNames(OutputRole::RawHead), optionsOf(graph.info, config, data));
}

Measurement DetectTask::measure(const Graph& graph, Loader& loader, bool keepDetections, const CancelToken& cancel,
                                const std::function<void(int64_t, int64_t)>& progress) const {
    EvaluationResult result = evaluate(graph, loader, {.keepDetections = keepDetections}, cancel, progress);
    return {detectMetrics(result.metrics), result.metrics.images, std::move(result.images)};
}

double DetectTask::difference(const ImageDetections& fp32, const ImageDetections& quantized) const {
    MatchSummary summary;
    summary.add(matchDetections(fp32.detections, quantized.detections, fp32.labels, MatchOptions{}));
    return 3.0 * static_cast<double>(summary.count(Transition::Lost) + summary.count(Transition::ClassFlip)) +
           static_cast<double>(summary.count(Transition::NewFalseAlarm)) + summary.scoreDifferenceSum;
}

std::unique_ptr<ParityMeasure> DetectTask::parity(const ModelInfo& model) const {
    return std::make_unique<BoxParity>(model);
}

}  // namespace qat
