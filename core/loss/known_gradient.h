// Losses that work out their own gradient, as nodes of autograd.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace qat {

// `value` (a scalar) as a function of `inputs` whose derivatives are `gradients`, one an input and shaped like it.
// Losses compute on the processor: value and gradients lie there, the result and what goes back lie where the inputs
// do. Backward only scales them; the result can be differentiated once.
at::Tensor withGradient(const at::Tensor& value, const std::vector<at::Tensor>& inputs,
                        std::vector<at::Tensor> gradients);

}  // namespace qat
