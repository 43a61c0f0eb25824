// How each operator is computed in the processor's memory: one numeric function an op. Gradients come from autograd.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "ops/op.h"

namespace qat {

// inputs as the op's comment in op.h says; undefined tensors stand for absent optional ones. batch norm uses batch
// statistics and moves the running ones iff train. Throws what libtorch throws.
std::vector<at::Tensor> forward(const Op& op, const std::vector<at::Tensor>& inputs, bool train);

}  // namespace qat
