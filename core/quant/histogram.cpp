// Counting: blocks that fit a cache are looked at for their extremes and counted while they are there.
#include "quant/histogram.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "ops/clones.h"
#include "ops/vector_loops.h"

namespace qat {
namespace {

constexpr int64_t kBlock = 4096;            // values: 16 KiB
constexpr int64_t kSmallestPart = 1 << 16;  // values worth a thread
constexpr int64_t kCopies = 4;              // of the counts: equal neighbours would wait for one another
constexpr int kSmallestExponent = -100;

// counts[kCopies * bin + copy] of the values, which must lie in the bins from `first` on. The product with a power of
// two is exact, so that a value is in the same bin on every machine.
QAT_CLONES void countValues(const float* x, int64_t n, float inverseWidth, int32_t first, uint32_t* counts) {
    constexpr int64_t kRun = 512;
    int32_t slot[kRun];
    for (int64_t start = 0; start < n; start += kRun) {
        const int64_t run = std::min(kRun, n - start);
        for (int64_t i = 0; i < run; ++i) {
            const float scaled = x[start + i] * inverseWidth;
            const auto truncated = static_cast<int32_t>(scaled);
            const int32_t bin = truncated - (scaled < static_cast<float>(truncated) ? 1 : 0) - first;
            slot[i] = bin * static_cast<int32_t>(kCopies) + static_cast<int32_t>(i % kCopies);
        }
        for (int64_t i = 0; i < run; ++i) ++counts[slot[i]];
    }
}

double binOf(double value, int exponent) {
    return std::floor(std::ldexp(value, -exponent));
}

}  // namespace

// What one thread found.
struct StreamingHistogram::Part {
    std::vector<uint32_t> counts;
    std::vector<std::pair<const float*, int64_t>> left;  // blocks that reach beyond the bins
    float low = std::numeric_limits<float>::infinity(), high = -std::numeric_limits<float>::infinity();
    bool unordered = false;
};

double Histogram::total() const {
    return std::accumulate(counts.begin(), counts.end(), 0.0);
}

Histogram coarser(Histogram h, size_t bins) {
    while (h.counts.size() > bins) {
        const int64_t first = h.first >> 1;
        std::vector<double> wider(
            static_cast<size_t>(((h.first + static_cast<int64_t>(h.counts.size()) - 1) >> 1) - first + 1));
        for (size_t i = 0; i < h.counts.size(); ++i)
            wider[static_cast<size_t>(((h.first + static_cast<int64_t>(i)) >> 1) - first)] += h.counts[i];
        h.counts = std::move(wider);
        h.first = first;
        h.width *= 2;
    }
    return h;
}

Histogram magnitudes(const Histogram& h) {
    const int64_t last = h.first + static_cast<int64_t>(h.counts.size()) - 1;
    Histogram m{h.width, 0, std::vector<double>(static_cast<size_t>(std::max(last, -1 - h.first) + 1)), 0,
                std::max(std::abs(h.low), std::abs(h.high))};
    for (size_t i = 0; i < h.counts.size(); ++i) {
        const int64_t bin = h.first + static_cast<int64_t>(i);
        m.counts[static_cast<size_t>(bin < 0 ? -1 - bin : bin)] += h.counts[i];
    }
    return m;
}

Histogram above(const Histogram& histogram, double floor) {
    if (histogram.low >= floor) return histogram;
    Histogram rest = histogram;
    const auto dropped =
        std::clamp<int64_t>(static_cast<int64_t>(std::floor(floor / histogram.width)) - histogram.first, 0,
                            static_cast<int64_t>(histogram.counts.size()));
    rest.counts.erase(rest.counts.begin(), rest.counts.begin() + dropped);
    rest.first += dropped;
    rest.low = static_cast<float>(floor);
    rest.high = std::max(rest.high, rest.low);
    return rest;
}

bool StreamingHistogram::covers(float low, float high) const {
    if (m_counts.empty()) return false;
    const double bottom = std::ldexp(static_cast<double>(m_first), m_exponent),
                 top = std::ldexp(static_cast<double>(m_first + m_bins), m_exponent);
    return low >= bottom && high < top;
}

// Widens the bins until all values fit, zero included.
void StreamingHistogram::grow(float low, float high) {
    const double bottom = std::min({0.0f, m_low, low}), top = std::max({0.0f, m_high, high});
    int exponent = m_exponent;
    if (m_counts.empty())
        exponent = top > bottom ? std::max(kSmallestExponent, std::ilogb((top - bottom) / m_bins)) : kSmallestExponent;
    while (binOf(top, exponent) - binOf(bottom, exponent) + 1 > m_bins) ++exponent;
    const auto first = static_cast<int64_t>(binOf(bottom, exponent));
    std::vector<uint64_t> counts(m_bins);
    const int shift = std::min(exponent - m_exponent, 62);
    for (size_t i = 0; i < m_counts.size(); ++i)
        if (m_counts[i] > 0)
            counts[static_cast<size_t>(((m_first + static_cast<int64_t>(i)) >> shift) - first)] += m_counts[i];
    m_counts = std::move(counts);
    m_exponent = exponent;
    m_first = first;
}

void StreamingHistogram::scan(const float* x, int64_t n, Part& part) const {
    const float inverse = std::ldexp(1.0f, -m_exponent);
    part.counts.assign(static_cast<size_t>(m_bins * kCopies), 0);
    for (int64_t start = 0; start < n; start += kBlock) {
        const int64_t size = std::min(kBlock, n - start);
        float low = 0, high = 0;
        loops::minMax(x + start, size, low, high);
        part.unordered |= std::isnan(low);
        part.low = std::min(part.low, low);
        part.high = std::max(part.high, high);
        if (covers(low, high))
            countValues(x + start, size, inverse, static_cast<int32_t>(m_first), part.counts.data());
        else
            part.left.emplace_back(x + start, size);
    }
}

void StreamingHistogram::take(const Part& part) {
    if (m_counts.empty()) return;
    for (int64_t bin = 0; bin < m_bins; ++bin)
        for (int64_t copy = 0; copy < kCopies; ++copy)
            m_counts[static_cast<size_t>(bin)] += part.counts[static_cast<size_t>(bin * kCopies + copy)];
}

std::pair<float, float> StreamingHistogram::add(const at::Tensor& value) {
    require(value.numel() > 0, ErrorKind::BadInput, "an observer was given an empty tensor");
    const at::Tensor x = value.is_non_overlapping_and_dense() ? value.detach() : value.detach().contiguous();
    const int64_t n = x.numel();
    const int64_t parts = std::clamp<int64_t>(n / kSmallestPart, 1, at::get_num_threads());
    const int64_t share = (n / parts + kBlock) / kBlock * kBlock;
    std::vector<Part> found(static_cast<size_t>(parts));
    const auto forParts = [&](const auto& work) {
        at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) work(i, found[static_cast<size_t>(i)]);
        });
    };
    forParts([&](int64_t i, Part& part) {
        const int64_t begin = std::min(n, i * share);
        scan(x.data_ptr<float>() + begin, std::min(n, begin + share) - begin, part);
    });
    float low = found.front().low, high = found.front().high;
    for (const Part& part : found) {
        low = std::min(low, part.low), high = std::max(high, part.high);
        if (part.unordered) return {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::quiet_NaN()};
    }
    if (!std::isfinite(low) || !std::isfinite(high)) return {low, high};
    for (const Part& part : found) take(part);
    if (m_counts.empty()) m_low = low, m_high = high;
    if (!covers(low, high)) {
        grow(low, high);
        forParts([&](int64_t, Part& part) {
            std::fill(part.counts.begin(), part.counts.end(), 0);
            for (const auto& [block, size] : part.left)
                countValues(block, size, std::ldexp(1.0f, -m_exponent), static_cast<int32_t>(m_first),
                            part.counts.data());
        });
        for (const Part& part : found) take(part);
    }
    m_low = std::min(m_low, low), m_high = std::max(m_high, high);
    m_total += static_cast<uint64_t>(n);
    return {low, high};
}

Histogram StreamingHistogram::histogram() const {
    Histogram h{std::ldexp(1.0, m_exponent), 0, {}, m_low, m_high};
    if (m_counts.empty()) return h;
    h.first = static_cast<int64_t>(binOf(std::min(0.0f, m_low), m_exponent));
    const auto last = static_cast<int64_t>(binOf(std::max(0.0f, m_high), m_exponent));
    const auto begin = m_counts.begin() + (h.first - m_first);
    h.counts.assign(begin, begin + (last - h.first + 1));
    return h;
}

}  // namespace qat
