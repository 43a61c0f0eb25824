// The entropy method. The divergence of one candidate costs one logarithm a level, since all bins that share a level
// share its logarithm; prefix sums give the rest.
#include <algorithm>
#include <bit>
#include <cmath>

#include "quant/clip.h"

namespace qat {
namespace {

constexpr size_t kMostBins = 2048;

class Divergence {
public:
    Divergence(std::vector<double> counts, int64_t levels)
        : m_counts(std::move(counts)), m_levels(levels), m_mass(1), m_used(1), m_logs(1) {
        for (const double c : m_counts) {
            m_mass.push_back(m_mass.back() + c);
            m_used.push_back(m_used.back() + (c > 0 ? 1 : 0));
            m_logs.push_back(m_logs.back() + xLogX(c));
        }
    }

    // KL(P || Q) of the bins [begin, end), at least m_levels of them: P carries the mass beyond in its outermost bins;
    // Q is the mass inside, joined to levels, each spread evenly over its bins that hold anything.
    double of(size_t begin, size_t end) const {
        const double total = m_mass.back(), inside = m_mass[end] - m_mass[begin];
        const double lowTail = m_mass[begin], highTail = total - m_mass[end];
        const bool gap = (lowTail > 0 && m_counts[begin] == 0) || (highTail > 0 && m_counts[end - 1] == 0);
        if (gap || inside == 0) return std::numeric_limits<double>::infinity();
        double sum = m_logs[end] - m_logs[begin];
        sum += xLogX(m_counts[begin] + lowTail) - xLogX(m_counts[begin]);
        sum += xLogX(m_counts[end - 1] + highTail) - xLogX(m_counts[end - 1]);
        const auto size = static_cast<int64_t>(end - begin);
        for (int64_t level = 0; level < m_levels; ++level) {
            const size_t from = begin + static_cast<size_t>((level * size + m_levels - 1) / m_levels);
            const size_t to = begin + static_cast<size_t>(((level + 1) * size + m_levels - 1) / m_levels);
            const double mass = m_mass[to] - m_mass[from];
            if (mass == 0) continue;
            const double share = mass + (level == 0 ? lowTail : 0) + (level + 1 == m_levels ? highTail : 0);
            sum -= share * std::log(mass / (m_used[to] - m_used[from]));
        }
        return sum / total + std::log(inside / total);
    }

private:
    static double xLogX(double x) { return x > 0 ? x * std::log(x) : 0; }

    std::vector<double> m_counts;
    int64_t m_levels;
    std::vector<double> m_mass, m_used, m_logs;  // before each bin
};

// Exact zeros, of which a ReLU makes many, are represented by any grid and must not weigh.
void levelZero(const Histogram& h, std::vector<double>& counts) {
    const int64_t zero = -h.first, size = static_cast<int64_t>(counts.size());
    if (zero + 1 < size && zero >= 0) counts[static_cast<size_t>(zero)] = counts[static_cast<size_t>(zero + 1)];
    if (zero - 2 >= 0 && zero - 1 < size) counts[static_cast<size_t>(zero - 1)] = counts[static_cast<size_t>(zero - 2)];
}

}  // namespace

ClipRange entropyClip(const Histogram& histogram, const QuantGrid& grid) {
    Histogram h = coarser(histogram, kMostBins);
    int64_t levels = grid.qmax - grid.qmin + 1;
    if (grid.symmetric) {
        h = magnitudes(h);
        levels = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(levels)) / 2);
    }
    levelZero(h, h.counts);
    const Divergence divergence(h.counts, levels);
    const int64_t last = h.first + static_cast<int64_t>(h.counts.size());
    const auto clipAt = [&](int64_t threshold) {
        return std::pair{std::max(h.first, -threshold), std::min(last, threshold)};
    };
    const int64_t widest = std::max(last, -h.first);
    int64_t best = widest;
    double least = std::numeric_limits<double>::infinity();
    for (int64_t threshold = widest; threshold > 0; --threshold) {
        const auto [from, to] = clipAt(threshold);
        if (to - from < levels) break;
        const double d = divergence.of(static_cast<size_t>(from - h.first), static_cast<size_t>(to - h.first));
        if (d < least) least = d, best = threshold;
    }
    const auto [from, to] = clipAt(best);
    const double low = static_cast<double>(from) * h.width, high = static_cast<double>(to) * h.width;
    return grid.symmetric ? ClipRange{-high, high} : ClipRange{low, high};
}

}  // namespace qat
