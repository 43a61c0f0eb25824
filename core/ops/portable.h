// Every operator as a composition of libtorch's own operations: on any device, in any floating point type, gradients by
// autograd. What our loops are compared with, and what computes where they cannot.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "ops/op.h"

namespace qat {

// As forward() (ops/forward.h), all inputs on one device. In training, batch norms move running statistics in place.
// Integer convolutions add in double, which is exact. Throws what libtorch throws.
std::vector<at::Tensor> portableForward(const Op& op, const std::vector<at::Tensor>& inputs, bool train);

}  // namespace qat
