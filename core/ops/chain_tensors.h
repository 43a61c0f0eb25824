// The tensors an activation chain reads; apart from fused_activation.h because it needs the tensor type.
#pragma once

#include <ATen/core/Tensor.h>

namespace qat {

struct ChainTensors {
    at::Tensor weight, bias, runningMean, runningVar;  // of the batch norm, each [C]
    at::Tensor scale, zeroPoint;                       // of the quantizer, each [1]
};

}  // namespace qat
