// From head and loss weights to a loss, from boxes to figures.
#include "task/detect_task.h"

#include "base/error.h"
#include "config/derived.h"
#include "eval/match.h"
#include "loss/anchor_loss.h"
#include "loss/end_to_end_loss.h"
#include "loss/yolov8_loss.h"
#include "task/beside_boxes.h"
#include "task/class_weights.h"
#include "task/detect_metrics.h"
#include "task/detect_parity.h"
#include "task/trained_heads.h"

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

// With anchors the weights of the loss are gains as they stand.
AnchorLossOptions anchorOptionsOf(const ModelInfo& model, const TrainConfig& config, const Dataset& data) {
    const LossWeights& weights = config.lossWeights;
    return {.numClasses = model.numClasses,
            .strides = model.strides,
            .anchors = model.anchors,
            .boxGain = weights.box,
            .clsGain = weights.cls,
            .objGain = weights.obj,
            .classWeights = classWeights(config, model.numClasses, data)};
}

// YOLO26 came with plain sides, before which heads count equally. A single head has the assignment of its family.
HeadBalance balanceOf(const ModelInfo& model, const TrainConfig& config) {
    const bool two = !model.head.empty();
    if (two && config.endToEnd == EndToEndKind::Equal) return HeadBalance::Equal;
    if (two && config.endToEnd == EndToEndKind::Decaying) return HeadBalance::Decaying;
    return model.regMax == 1 ? HeadBalance::Decaying : HeadBalance::Equal;
}

}  // namespace

MetricList DetectTask::metrics() const {
    return detectMetrics({}).names(name());
}

MeasuringFacts DetectTask::measuring(const ModelInfo& model, const std::vector<std::string>& beside) const {
    return detectMeasuring(model, validateOptions(model), beside);
}

MeasuringFacts detectMeasuring(const ModelInfo& model, const NmsOptions& boxes,
                               const std::vector<std::string>& beside) {
    MeasuringFacts facts{{{"confidence", boxes.conf}},
                         "mean average precision over IoU 0.50 to 0.95 by Ultralytics' rules, matched in pixels of the "
                         "original images; quantized models as integers"};
    if (postProcessingOf(model) == PostProcessing::Suppression) facts.settings.emplace_back("nms_iou", boxes.iou);
    if (!model.head.empty()) facts.words.emplace_back("head", model.head);
    facts.words.emplace_back("post_processing", postProcessingText(model, boxes));
    if (const std::string sentence = notScored(beside); !sentence.empty())
        facts.words.emplace_back("not_scored", sentence);
    return facts;
}

std::unique_ptr<Loss> DetectTask::makeLoss(const Graph& graph, const TrainConfig& config, const Dataset& data) const {
    const TrainedHeads heads = trainedHeads(graph);
    require(!graph.info.strides.empty() && !heads.all().empty(), ErrorKind::Unsupported,
            "there is no training loss for ", graph.info.architecture, ": it has no detection head");
    if (!graph.info.anchors.empty())
        return std::make_unique<AnchorLoss>(heads.many, anchorOptionsOf(graph.info, config, data));
    const DetectionLossOptions options = optionsOf(graph.info, config, data);
    const HeadBalance balance = balanceOf(graph.info, config);
    if (heads.many.empty()) return std::make_unique<Yolov8Loss>(heads.one, oneToOneOptions(options, balance));
    if (heads.one.empty()) return std::make_unique<Yolov8Loss>(heads.many, oneToManyOptions(options, balance));
    return std::make_unique<EndToEndLoss>(EndToEndLoss::Maps{heads.one, heads.many}, options, balance);
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
