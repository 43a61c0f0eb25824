// The tensors an activation chain reads; apart from fused_activation.h because it needs the tensor type.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

namespace qat {

struct ChainTensors {
    at::Tensor weight, bias, runningMean, runningVar;  // of the batch norm, each [C]
    at::Tensor scale, zeroPoint;                       // of the quantizer, each [1]
    std::pair<float, float>* range = nullptr;          // if set: receives the extremes of what the quantizer is given
};

}  // namespace qat
