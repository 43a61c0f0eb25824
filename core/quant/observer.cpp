// Observer arithmetic. Averages are taken in float32, like the reference observers, so that ranges agree to the bit.
#include "quant/observer.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "ops/kernels.h"

namespace qat {

ObservedRange rangeOf(const at::Tensor& value, int64_t axis) {
    require(value.numel() > 0, ErrorKind::BadInput, "an observer was given an empty tensor");
    const at::Tensor x = value.detach();
    ObservedRange range;
    if (axis < 0) {
        const auto [low, high] = kernelsOf(x.device()).extremes(x);
        range = {{low}, {high}};
    } else {
        // Output channels of a channels-last weight lie in one piece each: no copy.
        const bool channelsLast = axis == 0 && x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast);
        const at::Tensor ordered = channelsLast ? x.permute({0, 2, 3, 1}) : x.transpose(0, axis).contiguous();
        const at::Tensor rows = ordered.reshape({x.size(axis), -1});
        const auto [lowest, highest] = at::aminmax(rows, 1);
        const at::Tensor low = lowest.cpu(), high = highest.cpu();
        range = {{low.data_ptr<float>(), low.data_ptr<float>() + low.numel()},
                 {high.data_ptr<float>(), high.data_ptr<float>() + high.numel()}};
    }
    for (size_t i = 0; i < range.low.size(); ++i)
        require(std::isfinite(range.low[i]) && std::isfinite(range.high[i]), ErrorKind::BadInput,
                "an observer saw NaN or infinite values");
    return range;
}

ObservedRange joined(const ObservedRange& a, const ObservedRange& b) {
    if (a.empty() || b.empty()) return a.empty() ? b : a;
    require(a.low.size() == b.low.size(), ErrorKind::BadInput, "tensors that share a range differ in channels");
    ObservedRange both = a;
    for (size_t i = 0; i < b.low.size(); ++i) {
        both.low[i] = std::min(a.low[i], b.low[i]);
        both.high[i] = std::max(a.high[i], b.high[i]);
    }
    return both;
}

void MinMaxObserver::observe(const at::Tensor& value) {
    observe(rangeOf(value, m_axis));
}

void MinMaxObserver::observe(const ObservedRange& batch) {
    if (m_range.empty() || m_averaging <= 0) {
        m_range = joined(m_range, batch);
        return;
    }
    require(batch.low.size() == m_range.low.size(), ErrorKind::BadInput,
            "the observed tensor changed its number of channels");
    const float c = static_cast<float>(m_averaging);
    for (size_t i = 0; i < batch.low.size(); ++i) {
        float& low = m_range.low[i];
        float& high = m_range.high[i];
        low += c * (batch.low[i] - low);
        high += c * (batch.high[i] - high);
    }
}

std::vector<QParams> chooseQParams(const ObservedRange& range, const QuantGrid& grid, float smallest) {
    std::vector<QParams> params;
    for (size_t i = 0; i < range.low.size(); ++i)
        params.push_back(chooseQParams(range.low[i], range.high[i], grid, smallest));
    return params;
}

}  // namespace qat
