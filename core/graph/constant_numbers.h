// The numbers of constants, for those who do not include tensors.
#pragma once

#include <vector>

#include "graph/types.h"

namespace qat {

// Float, one-dimensional.
TensorPtr tensorOf(const std::vector<float>& numbers);
// Of a float tensor, row-major.
std::vector<float> numbersOf(const at::Tensor& tensor);

}  // namespace qat
