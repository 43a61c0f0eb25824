// Products of matrices in flight whose bits do not depend on the number of threads.
#pragma once

#include <ATen/core/Tensor.h>

namespace qat {

// a [...,M,K] times b [...,K,N]; leading dimensions broadcast. Differentiable in both. Throws Error{BadInput} if the
// sizes do not fit.
at::Tensor matrixProduct(const at::Tensor& a, const at::Tensor& b);

}  // namespace qat
