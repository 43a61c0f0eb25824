// From loss weights to gains.
#include "train/loss_options.h"

namespace qat {

DetectionLossOptions lossOptions(const Graph& graph, const TrainConfig& config) {
    DetectionLossOptions options;
    options.numClasses = graph.info.numClasses;
    options.regMax = graph.info.regMax;
    options.strides = graph.info.strides;
    // The guide's weights are YOLOv5's; relative to them, so that its defaults give this family's published gains.
    const LossWeights& w = config.lossWeights;
    options.boxGain = 7.5 * (w.box / 0.05);
    options.clsGain = 0.5 * (w.cls / 0.5);
    options.dflGain = w.dfl ? *w.dfl : 1.5 * (w.obj / 1.0);
    return options;
}

}  // namespace qat
