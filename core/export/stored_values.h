// Reading the tensors that a graph stores, as plain numbers.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "graph/graph.h"

namespace qat {

// The value's numbers as row-major floats: its own tensor if that is it, else a copy. Throws Error{BadInput} naming the
// value if it has no tensor, the tensor does not have the value's shape, or a number is not finite.
at::Tensor storedTensor(const Value& value);

// The same for the few numbers of scales and biases.
std::vector<float> storedFloats(const Value& value);

// As long as the tensor, which holds row-major floats.
std::span<const float> numbersIn(const at::Tensor& tensor);

}  // namespace qat
