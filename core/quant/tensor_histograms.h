// What calibration counts of a tensor: one histogram of all its values, or one a channel.
#pragma once

#include <vector>

#include "quant/histogram.h"
#include "quant/observer.h"

namespace qat {

class TensorHistograms {
public:
    static constexpr int64_t kChannelBins = 1024;  // 8 KiB a channel, however many values come

    // Counts a float tensor, in the processor's memory or a copy there, whose channels lie along `axis` (< 0: all
    // values together), and returns the extremes. What holds values that are not finite is not counted; its extremes
    // then are not finite either. Throws Error{BadInput} if the tensor is empty or its number of channels differs from
    // that of the first one.
    ObservedRange add(const at::Tensor& value, int64_t axis);
    uint64_t total() const;
    std::vector<Histogram> histograms() const;

private:
    ObservedRange addChannels(const at::Tensor& value, int64_t axis);

    std::vector<StreamingHistogram> m_counts;  // empty until the first tensor
};

}  // namespace qat
