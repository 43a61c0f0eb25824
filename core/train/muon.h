// The direction of Muon (Jordan et al. 2024): a matrix with its singular values brought near to 1.
#pragma once

#include <ATen/core/Tensor.h>

namespace qat {

// Float tensor of two or more dimensions without gaps as a matrix, as a view: a row for each index of the first axis,
// columns in the order of memory, which permutes them; orthogonalized() permutes with it.
at::Tensor asMatrix(const at::Tensor& tensor);

// sqrt(max(1, rows / columns)).
double tallness(const at::Tensor& matrix);

// Five steps of X <- 3.4445 X - 4.775 A X + 2.0315 A A X, A = X X^T, from the matrix over its norm plus 1e-7, on the
// side that makes A the smaller one. sumOfSquares: that of its elements. The bits are as independent of the number of
// threads as those of the product.
using MatrixProductFunction = at::Tensor (*)(const at::Tensor&, const at::Tensor&);
at::Tensor orthogonalized(const at::Tensor& matrix, double sumOfSquares, MatrixProductFunction product);

}  // namespace qat
