// Channels are rows of memory, one task a row.
#include "quant/tensor_histograms.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/error.h"
#include "ops/fake_quantize.h"

namespace qat {

ObservedRange TensorHistograms::add(const at::Tensor& given, int64_t axis) {
    const at::Tensor value = given.detach().cpu();
    if (axis >= 0) return addChannels(value, axis);
    if (m_counts.empty()) m_counts.emplace_back();
    const auto [low, high] = m_counts.front().add(value);
    return {{low}, {high}};
}

ObservedRange TensorHistograms::addChannels(const at::Tensor& value, int64_t axis) {
    require(value.numel() > 0, ErrorKind::BadInput, "an observer was given an empty tensor");
    const int64_t channels = value.size(axis);
    if (m_counts.empty()) m_counts.assign(static_cast<size_t>(channels), StreamingHistogram(kChannelBins));
    require(static_cast<int64_t>(m_counts.size()) == channels, ErrorKind::BadInput,
            "the observed tensor changed its number of channels");
    const at::Tensor rows = value.detach().transpose(0, axis).reshape({channels, -1}).contiguous();
    ObservedRange range{std::vector<float>(m_counts.size()), std::vector<float>(m_counts.size())};
    if (const auto [low, high] = tensorMinMax(rows); !std::isfinite(low) || !std::isfinite(high)) {
        std::ranges::fill(range.low, low);
        std::ranges::fill(range.high, high);
        return range;
    }
    at::parallel_for(0, channels, 1, [&](int64_t begin, int64_t end) {
        for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
            std::tie(range.low[i], range.high[i]) = m_counts[i].add(rows[static_cast<int64_t>(i)]);
    });
    return range;
}

uint64_t TensorHistograms::total() const {
    uint64_t sum = 0;
    for (const StreamingHistogram& counts : m_counts) sum += counts.total();
    return sum;
}

std::vector<Histogram> TensorHistograms::histograms() const {
    std::vector<Histogram> histograms;
    for (const StreamingHistogram& counts : m_counts) histograms.push_back(counts.histogram());
    return histograms;
}

}  // namespace qat
