// How far a feature map is from a teacher's, channel by channel and whatever their scales, with its gradient.
#pragma once

#include <ATen/core/Tensor.h>

namespace qat {

struct FeatureDistance {
    at::Tensor total;  // float scalar, value x images; differentiable once in the student's map
    double value = 0;  // 0 for maps that agree up to scale and offset of each channel, 2 for unrelated ones, at most 4
};

// Mean squared difference of the maps (float [N,C,H,W], equal shapes) after each channel was brought to zero mean and
// unit variance over the batch: (x - mean) / sqrt(variance + 1e-3). The result does not depend on the number of
// threads.
FeatureDistance featureDistance(const at::Tensor& student, const at::Tensor& teacher);

}  // namespace qat
