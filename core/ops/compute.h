// How the operators of each group are computed, in two forms. An operator without a case in the source of its group
// does not compile.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "ops/op.h"

namespace qat {

using Tensors = std::vector<at::Tensor>;

// Fast: float32 in the processor's memory, bits that do not depend on the number of threads. Portable: libtorch's own
// operations, on any device and in any floating point type, gradients by autograd.
enum class OpForm { Fast, Portable };

// Inputs and outputs as the operator's comment says; absent optional inputs are undefined or left out at the end.
// train: batch norm uses batch statistics and moves the running ones. Throws what libtorch throws.
Tensors compute(LayerOps::Pointer op, const Tensors& inputs, bool train, OpForm form);
Tensors compute(ArithmeticOps::Pointer op, const Tensors& inputs, bool train, OpForm form);
Tensors compute(MovingOps::Pointer op, const Tensors& inputs, bool train, OpForm form);
Tensors compute(QuantizingOps::Pointer op, const Tensors& inputs, bool train, OpForm form);

}  // namespace qat
