// From head and loss weights to a loss.
#include "train/make_loss.h"

#include "base/error.h"
#include "train/class_weights.h"
#include "train/yolov8_loss.h"

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

std::unique_ptr<Loss> makeLoss(const Graph& graph, const TrainConfig& config, const Dataset& data) {
    const bool anchorFree = !graph.info.strides.empty() && graph.info.regMax > 1;
    require(anchorFree, ErrorKind::Unsupported, "there is no training loss for ", graph.info.architecture,
            ": only anchor-free detection heads have one");
    return std::make_unique<Yolov8Loss>(graph.outputNames(OutputRole::RawHead), optionsOf(graph.info, config, data));
}

}  // namespace qat
