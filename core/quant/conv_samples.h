// A convolution at some of its places: what it read and what it made there, as matrices.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "ops/op.h"

namespace qat {

// Places (image, row, column) of a convolution's result, drawn with repetition; the same seed and item draw the same ones.
class ConvSamples {
public:
    static constexpr int64_t kPlaces = 2048;

    // result: shape [N,O,H',W']. item: tells layers apart.
    ConvSamples(const Conv2d& conv, const Shape& result, uint64_t seed, uint64_t item);

    // What the kernels of each group read, [groups, C / groups * kh * kw, places] in the order of a weight's elements.
    at::Tensor columns(const at::Tensor& x, int64_t kernelHeight, int64_t kernelWidth) const;
    // [groups, O / groups, places]
    at::Tensor results(const at::Tensor& y) const;

private:
    Conv2d m_conv;
    at::Tensor m_image, m_row, m_column;  // int64 [places]
};

}  // namespace qat
