// Gathers by index: nothing the size of a whole unfolded tensor is made.
#include "quant/conv_samples.h"

#include <ATen/ATen.h>

#include "base/random.h"

namespace qat {
namespace {

constexpr uint64_t kPlaceStream = 0x91ACE;  // of random numbers

// Rows of x [N,C,H,W] at (image, row, column): [places, C].
at::Tensor pick(const at::Tensor& x, const at::Tensor& image, const at::Tensor& row, const at::Tensor& column) {
    return at::index(x.permute({0, 2, 3, 1}), {image, row, column});
}

}  // namespace

ConvSamples::ConvSamples(const Conv2d& conv, const Shape& result, uint64_t seed, uint64_t item)
    : m_conv(conv), m_image(at::empty({kPlaces}, at::kLong)), m_row(at::empty_like(m_image)), m_column(at::empty_like(m_image)) {
    Random random = Random::forItem(seed, kPlaceStream, item);
    for (int64_t i = 0; i < kPlaces; ++i) {
        m_image.data_ptr<int64_t>()[i] = random.below(result.at(0));
        m_row.data_ptr<int64_t>()[i] = random.below(result.at(2));
        m_column.data_ptr<int64_t>()[i] = random.below(result.at(3));
    }
}

at::Tensor ConvSamples::columns(const at::Tensor& x, int64_t kernelHeight, int64_t kernelWidth) const {
    const auto [stride, padding, dilation, groups] = m_conv;
    const at::Tensor padded = at::constant_pad_nd(x, {padding[1], padding[1], padding[0], padding[0]});
    std::vector<at::Tensor> taps;
    for (int64_t i = 0; i < kernelHeight; ++i)
        for (int64_t j = 0; j < kernelWidth; ++j)
            taps.push_back(pick(padded, m_image, m_row * stride[0] + i * dilation[0], m_column * stride[1] + j * dilation[1]));
    return at::stack(taps, 2).reshape({kPlaces, groups, -1}).permute({1, 2, 0}).contiguous();
}

at::Tensor ConvSamples::results(const at::Tensor& y) const {
    return pick(y, m_image, m_row, m_column).reshape({kPlaces, m_conv.groups, -1}).permute({1, 2, 0}).contiguous();
}

}  // namespace qat
