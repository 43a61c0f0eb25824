// The deployed head decides.
#include "eval/post_processing.h"

#include "base/error.h"
#include "eval/top_scores.h"

namespace qat {

PostProcessing postProcessingOf(const ModelInfo& model) {
    return model.head == kOneToOne ? PostProcessing::TopScores : PostProcessing::Suppression;
}

NmsOptions predictOptions(const ModelInfo& model) {
    NmsOptions options = NmsOptions::predict();
    if (!model.anchors.empty()) options.iou = 0.45;
    return options;
}

NmsOptions validateOptions(const ModelInfo& model) {
    NmsOptions options = NmsOptions::validate();
    if (!model.anchors.empty()) options.iou = 0.6;
    return options;
}

std::vector<Detection> detectionsIn(std::span<const float> decoded, const ModelInfo& model, int64_t anchors,
                                    const NmsOptions& options) {
    return postProcessingOf(model) == PostProcessing::TopScores
               ? topScores(decoded, model.numClasses, anchors, options)
               : nonMaxSuppression(decoded, model.numClasses, anchors, options);
}

std::string postProcessingText(const ModelInfo& model, const NmsOptions& options) {
    const std::string across = options.agnostic ? " across classes" : "";
    if (postProcessingOf(model) == PostProcessing::Suppression)
        return str("non-maximum suppression", across, " at IoU ", options.iou);
    const std::string of = options.agnostic ? "anchors with the best scores" : "best scores";
    return str("the ", options.maxDetections, " ", of, ", without non-maximum suppression");
}

}  // namespace qat
