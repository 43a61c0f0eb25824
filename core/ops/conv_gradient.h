// The gradient of a convolution's weight, cut into tasks that follow from the sizes alone, so that its bits do not
// depend on the number of threads. oneDNN's own kernel shares images out among threads and adds one part a thread.
#pragma once

#include <ATen/core/Tensor.h>

#include "ops/op.h"

namespace qat {

struct ConvGradient {
    at::Tensor weight, bias;  // in the weight's memory order; bias undefined unless wanted
};

// x [N,C,H,W] and dy [N,O,H',W']: float, channels-last. weight: only its sizes and order are read.
ConvGradient convWeightGradient(const Conv2d& window, const at::Tensor& x, const at::Tensor& dy,
                                const at::Tensor& weight, bool wantsBias);

}  // namespace qat
