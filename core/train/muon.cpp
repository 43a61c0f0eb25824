#include "train/muon.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "ops/fixed_split.h"

namespace qat {
namespace {

constexpr int kSteps = 5;
constexpr double kFirst = 3.4445, kThird = -4.7750, kFifth = 2.0315;  // of the odd polynomial in the singular values
constexpr double kNormEps = 1e-7;

// Sums of products of elements; where threads part them decides which of them are fused.
template <class Work>
at::Tensor alone(const Work& work) {
    const OneThread guard;
    return work();
}

}  // namespace

at::Tensor asMatrix(const at::Tensor& tensor) {
    const int64_t rows = tensor.size(0), columns = tensor.numel() / rows;
    return tensor.detach().as_strided({rows, columns}, {columns, 1});
}

double tallness(const at::Tensor& matrix) {
    return std::sqrt(std::max(1.0, static_cast<double>(matrix.size(0)) / static_cast<double>(matrix.size(1))));
}

at::Tensor orthogonalized(const at::Tensor& matrix, double sumOfSquares, MatrixProductFunction product) {
    const at::NoGradGuard noGrad;
    const bool tall = matrix.size(0) > matrix.size(1);
    at::Tensor x = alone([&] { return (tall ? matrix.t() : matrix) / (std::sqrt(sumOfSquares) + kNormEps); });
    for (int step = 0; step < kSteps; ++step) {
        const at::Tensor a = product(x, x.t());
        const at::Tensor square = product(a, a);
        const at::Tensor b = alone([&] { return square.mul(kFifth).add_(a, kThird); });
        const at::Tensor turned = product(b, x);
        x = alone([&] { return turned.add(x, kFirst); });
    }
    return tall ? x.t() : x;
}

}  // namespace qat
