// Range observers: running minimum and maximum, per tensor or per channel, plain or moving average.
#pragma once

#include <vector>

#include "graph/types.h"
#include "quant/scheme.h"

namespace qat {

// Ranges seen so far; one entry, or one a channel. Empty until the first batch.
struct ObservedRange {
    std::vector<float> low, high;
    bool empty() const { return low.empty(); }
};

// A value in, a range out. With `averaging` c > 0 the first batch sets the range and each later one moves it by c
// towards its own; c = 0 keeps the extremes of all batches. axis < 0: one range for the whole tensor.
class MinMaxObserver {
public:
    MinMaxObserver(double averaging, int64_t axis) : m_averaging(averaging), m_axis(axis) {}

    // Throws Error{BadInput} if the tensor is empty or holds NaN or infinities.
    void observe(const at::Tensor& value);
    // One batch whose range is known; a group's members are joined first, so that their extremes count once.
    void observe(const ObservedRange& batch);
    int64_t axis() const { return m_axis; }
    const ObservedRange& range() const { return m_range; }
    void restore(ObservedRange range) { m_range = std::move(range); }

private:
    double m_averaging;
    int64_t m_axis;
    ObservedRange m_range;
};

// The range of one tensor, per tensor or along an axis. Throws like observe().
ObservedRange rangeOf(const at::Tensor& value, int64_t axis);

// The smallest range that holds both; an empty one holds nothing. Throws Error{BadInput} if the channels differ.
ObservedRange joined(const ObservedRange& a, const ObservedRange& b);

// One QParams an entry of the range.
std::vector<QParams> chooseQParams(const ObservedRange& range, const QuantGrid& grid, float smallest);

}  // namespace qat
