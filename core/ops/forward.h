// How each operator is computed: one numeric function an op, on libtorch. Gradients come from autograd.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "ops/op.h"

namespace qat {

// inputs as the op's comment in op.h says; undefined tensors stand for absent optional ones. batch norm uses batch
// statistics and moves the running ones iff train. Throws what libtorch throws.
std::vector<at::Tensor> forward(const Op& op, const std::vector<at::Tensor>& inputs, bool train);

// The same for inference, but convolutions and linear layers add in double precision and round once, so that a result
// does not depend on the order of additions, which differs from processor to processor.
std::vector<at::Tensor> forwardPrecisely(const Op& op, const std::vector<at::Tensor>& inputs);

}  // namespace qat
