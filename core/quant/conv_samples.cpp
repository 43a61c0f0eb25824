// Gathers by index: nothing the size of a whole unfolded tensor is made.
#include "quant/conv_samples.h"

#include <ATen/ATen.h>

#include "base/random.h"
#include "ops/fixed_split.h"

namespace qat {
namespace {

constexpr uint64_t kPlaceStream = 0x91ACE;  // of random numbers

// Rows of x [N,C,H,W] at (image, row, column): [places, C].
at::Tensor pick(const at::Tensor& x, const at::Tensor& image, const at::Tensor& row, const at::Tensor& column) {
    return at::index(x.permute({0, 2, 3, 1}), {image, row, column});
}

}  // namespace

ConvSamples::ConvSamples(const Conv2d& conv, const Shape& result, uint64_t seed, uint64_t item)
    : m_conv(conv),
      m_image(at::empty({kPlaces}, at::kLong)),
      m_row(at::empty_like(m_image)),
      m_column(at::empty_like(m_image)),
      m_place(at::arange(kPlaces)) {
    Random random = Random::forItem(seed, kPlaceStream, item);
    for (int64_t i = 0; i < kPlaces; ++i) {
        m_image.data_ptr<int64_t>()[i] = random.below(result.at(0));
        m_row.data_ptr<int64_t>()[i] = random.below(result.at(2));
        m_column.data_ptr<int64_t>()[i] = random.below(result.at(3));
    }
}

ConvSamples ConvSamples::within(int64_t first, int64_t images) const {
    const at::Tensor chosen = m_image.ge(first).logical_and(m_image.lt(first + images)).nonzero().flatten();
    return {m_conv, m_image.index_select(0, chosen) - first, m_row.index_select(0, chosen),
            m_column.index_select(0, chosen), m_place.index_select(0, chosen)};
}

at::Tensor ConvSamples::columns(const at::Tensor& x, int64_t kernelHeight, int64_t kernelWidth) const {
    const auto [stride, padding, dilation, groups] = m_conv;
    const at::Tensor padded = at::constant_pad_nd(x, {padding[1], padding[1], padding[0], padding[0]});
    std::vector<at::Tensor> taps;
    for (int64_t i = 0; i < kernelHeight; ++i)
        for (int64_t j = 0; j < kernelWidth; ++j)
            taps.push_back(
                pick(padded, m_image, m_row * stride[0] + i * dilation[0], m_column * stride[1] + j * dilation[1]));
    const int64_t inputs = x.size(1) / groups * kernelHeight * kernelWidth;
    return at::stack(taps, 2).reshape({m_image.size(0), groups, inputs}).permute({1, 2, 0}).contiguous();
}

at::Tensor ConvSamples::results(const at::Tensor& y) const {
    return pick(y, m_image, m_row, m_column)
        .reshape({m_image.size(0), m_conv.groups, y.size(1) / m_conv.groups})
        .permute({1, 2, 0})
        .contiguous();
}

at::Tensor columnSums(const Conv2d& conv, const at::Tensor& x, const Shape& result, int64_t kernelHeight,
                      int64_t kernelWidth) {
    const auto [stride, padding, dilation, groups] = conv;
    const at::Tensor padded = at::constant_pad_nd(x, {padding[1], padding[1], padding[0], padding[0]});
    std::vector<at::Tensor> taps;
    for (int64_t i = 0; i < kernelHeight; ++i)
        for (int64_t j = 0; j < kernelWidth; ++j) {
            const int64_t top = i * dilation[0], left = j * dilation[1];
            const at::Tensor read = padded.slice(2, top, top + (result.at(2) - 1) * stride[0] + 1, stride[0])
                                        .slice(3, left, left + (result.at(3) - 1) * stride[1] + 1, stride[1]);
            taps.push_back(channelSums(read));
        }
    return at::stack(taps, 1).reshape({groups, -1});
}

}  // namespace qat
