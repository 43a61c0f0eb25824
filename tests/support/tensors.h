// What tests of tensor code share: seeded tensors, comparison in numbers.
#pragma once

#include <ATen/ATen.h>

#include <limits>

#include "base/random.h"
#include "graph/types.h"

namespace qat::test {

// Uniform in [low, high); the seed decides.
inline at::Tensor randomTensor(const Shape& shape, uint64_t seed, double low = -1, double high = 1) {
    at::Tensor tensor = at::empty(shape);
    Random random(seed);
    float* data = tensor.data_ptr<float>();
    for (int64_t i = 0; i < tensor.numel(); ++i) data[i] = static_cast<float>(random.uniform(low, high));
    return tensor;
}

// Largest absolute difference; infinity if the shapes differ or anything is not a number.
inline double maxDifference(const at::Tensor& a, const at::Tensor& b) {
    if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
    const double largest = (a.detach().to(at::kDouble) - b.detach().to(at::kDouble)).abs().max().item<double>();
    return std::isnan(largest) ? std::numeric_limits<double>::infinity() : largest;
}

// The same over the largest absolute value of `expected`.
inline double relativeDifference(const at::Tensor& a, const at::Tensor& expected) {
    return maxDifference(a, expected) / std::max(1e-12, expected.detach().abs().max().item<double>());
}

inline bool sameBits(const at::Tensor& a, const at::Tensor& b) {
    return a.sizes() == b.sizes() && at::equal(a, b);
}

}  // namespace qat::test
