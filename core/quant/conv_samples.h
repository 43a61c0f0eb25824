// A convolution at some of its places: what it read and what it made there, as matrices.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "ops/op.h"

namespace qat {

// Places (image, row, column) of a convolution's result, drawn with repetition; the same seed and item draw the same
// ones.
class ConvSamples {
public:
    static constexpr int64_t kPlaces = 2048;

    // result: shape [N,O,H',W']. item: tells layers apart.
    ConvSamples(const Conv2d& conv, const Shape& result, uint64_t seed, uint64_t item);

    // Those in the images [first, first + images), counted from `first`; places() tells which ones of all they are,
    // [places] long.
    ConvSamples within(int64_t first, int64_t images) const;
    const at::Tensor& places() const { return m_place; }

    // What the kernels of each group read, [groups, C / groups * kh * kw, places] in the order of a weight's elements.
    at::Tensor columns(const at::Tensor& x, int64_t kernelHeight, int64_t kernelWidth) const;
    // [groups, O / groups, places]
    at::Tensor results(const at::Tensor& y) const;

private:
    ConvSamples(const Conv2d& conv, at::Tensor image, at::Tensor row, at::Tensor column, at::Tensor place)
        : m_conv(conv),
          m_image(std::move(image)),
          m_row(std::move(row)),
          m_column(std::move(column)),
          m_place(std::move(place)) {}

    Conv2d m_conv;
    at::Tensor m_image, m_row, m_column, m_place;  // int64 [places]
};

// Sum over all places of what the kernels of each group read, double [groups, C / groups * kh * kw]; result: shape
// [N,O,H',W'].
at::Tensor columnSums(const Conv2d& conv, const at::Tensor& x, const Shape& result, int64_t kernelHeight,
                      int64_t kernelWidth);

}  // namespace qat
