// Histograms of values in fixed memory, gathered batch by batch: what calibration methods choose a range from.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace qat {

// Bin i holds the values in [edge(i), edge(i + 1)); zero is an edge, and lies within or at an end of the bins.
struct Histogram {
    double width = 1;   // of a bin, a power of two
    int64_t first = 0;  // edge(0) in widths
    std::vector<double> counts;
    float low = 0, high = 0;  // smallest and largest value

    double edge(size_t bin) const { return static_cast<double>(first + static_cast<int64_t>(bin)) * width; }
    double total() const;
};

// The same counts in bins twice as wide, as often as needed to have at most `bins`.
Histogram coarser(Histogram histogram, size_t bins);

// Counts of |x|: bin i holds those in [edge(i), edge(i + 1)), edge(0) = 0.
Histogram magnitudes(const Histogram& histogram);

// Without the bins that end at `floor` or below.
Histogram above(const Histogram& histogram, double floor);

// Counts any number of tensors in a fixed number of bins. Bin edges are multiples of a power of two, which doubles when
// the values no longer fit: counts are then exact ones of the wider bins, whatever came in which order and on how many
// threads.
class StreamingHistogram {
public:
    static constexpr int64_t kBins = 4096;

    explicit StreamingHistogram(int64_t bins = kBins) : m_bins(bins) {}

    // Counts a float tensor and returns its smallest and largest value; counts nothing if one is not finite (NaN if
    // there is a NaN). One pass over the memory unless the range grows. Throws Error{BadInput} if it is empty.
    std::pair<float, float> add(const at::Tensor& value);
    uint64_t total() const { return m_total; }
    // The bins in use: the first or the last ones hold a value or end at zero.
    Histogram histogram() const;

private:
    struct Part;
    bool covers(float low, float high) const;
    void grow(float low, float high);
    void scan(const float* x, int64_t n, Part& part) const;
    void take(const Part& part);

    int64_t m_bins;
    std::vector<uint64_t> m_counts;  // empty until the first value
    uint64_t m_total = 0;
    int m_exponent = 0;   // bins are 2^m_exponent wide
    int64_t m_first = 0;  // index of the first bin; bin 0 begins at zero
    float m_low = 0, m_high = 0;
};

}  // namespace qat
