// What follows from keys of a configuration together: the one answer for all who act on it.
#pragma once

#include <algorithm>

#include "config/config.h"

namespace qat {

// Whether a step of what is no matrix is as large as its gradient, and not as large as the rate.
inline bool followsGradient(OptimizerKind optimizer) {
    return optimizer == OptimizerKind::Sgd || optimizer == OptimizerKind::MuSgd;
}

// A step of Adam is as large as the rate, whatever the gradient, and learned scales are small: at the weights' rate
// they fall to their floor within a few steps. SGD's steps follow the gradient, which is scaled for the quantizer
// already.
inline double scaleRate(const TrainConfig& config) {
    return config.quantLrFactor.value_or(followsGradient(config.optimizer) ? 1.0 : 0.1);
}

// What the guide's loss weights, which are YOLOv5's, mean for heads without anchors (with anchors, just what they say):
// gains relative to them, so that the guide's defaults (0.05, 0.5, 1.0) give YOLOv8's published 7.5, 0.5 and 1.5. There
// is no objectness here; its weight scales the distribution focal loss unless that is given.
struct LossGains {
    double box = 0, cls = 0, dfl = 0;
};
inline LossGains lossGains(const LossWeights& w) {
    return {7.5 * (w.box / 0.05), 0.5 * (w.cls / 0.5), w.dfl ? *w.dfl : 1.5 * w.obj};
}

// Either of the two switches turns distillation on.
inline bool wantsDistillation(const Config& config) {
    return config.distillation.enabled || config.qat.useDistillation;
}

// Whether calibrated layers are repaired one by one.
inline bool repairsLayers(const Config& config) {
    return config.train.quantize && (config.repair.adaround || config.repair.biasCorrection);
}

// Epochs after quantization-aware training whose quantizers are frozen; 0 without training to follow.
inline int fineTuningEpochs(const Config& config) {
    const bool follows = config.train.quantize && config.train.epochs > 0;
    return config.qat.postQatFineTuning && follows ? config.qat.fineTuningEpochs : 0;
}

// Epochs at the start of training whose model is not yet the one that is wanted: in float, or on wider grids.
inline int easierEpochs(const Config& config) {
    if (!config.train.quantize) return 0;
    const GradualBitsConfig& gradual = config.qat.gradualBits;
    return std::max(config.qat.floatEpochs, gradual.enabled() ? gradual.duration : 0);
}

// Folded batch norms have no statistics that could be estimated again.
inline bool reestimatesNorms(const Config& config) {
    return config.oscillation.bnReestimation > 0 && config.train.quantize && config.train.epochs > 0 &&
           !config.qat.fuseModules;
}

}  // namespace qat
