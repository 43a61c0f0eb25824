// Convolutions and their transposes whose weights change, with gradients, on oneDNN: the same bits for any number of
// threads.
#pragma once

#include <ATen/core/Tensor.h>

#include "ops/op.h"

namespace qat {

// y [N,O,H',W'] of float x [N,C,H,W], weight [O,C/g,kh,kw] and bias [O] or undefined, channels-last. Differentiable
// where gradients are on. Throws Error{BadInput} if the sizes do not fit.
at::Tensor convolve(const Conv2d& window, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

// The same for y [N,O,H',W'] of x [N,C,H,W], weight [C,O/g,kh,kw] and bias [O] or undefined. Output padding must be
// below the stride.
at::Tensor convolveTransposed(const ConvTranspose2d& op, const at::Tensor& x, const at::Tensor& weight,
                              const at::Tensor& bias);

}  // namespace qat
