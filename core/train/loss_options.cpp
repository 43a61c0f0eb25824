// From loss weights to gains.
#include "train/loss_options.h"

#include "train/class_weights.h"

namespace qat {

DetectionLossOptions lossOptions(const Graph& graph, const TrainConfig& config, const Dataset& data) {
    DetectionLossOptions options;
    options.numClasses = graph.info.numClasses;
    options.regMax = graph.info.regMax;
    options.strides = graph.info.strides;
    const LossGains gains = lossGains(config.lossWeights);
    options.boxGain = gains.box, options.clsGain = gains.cls, options.dflGain = gains.dfl;
    options.classWeights = classWeights(config, options.numClasses, data);
    return options;
}

}  // namespace qat
