// What quantization costs a histogram, and the range that costs least.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "ops/clones.h"
#include "ops/number_loops.h"
#include "quant/clip.h"

namespace qat {
namespace {

// Integral of (u - n(u))^2 du, u in steps and n(u) the code's value, clipped to [lowest, highest]; continuous where n
// changes.
[[gnu::always_inline]] inline double integral(double u, double lowest, double highest) {
    const double n = std::min(std::max(__builtin_rint(u), lowest), highest);
    const double r = u - n;
    return n / 12 + r * r * r / 3;
}

// Sum over bins of count * integral over the bin.
QAT_CLONES double codeErrors(const double* counts, int64_t bins, double firstEdge, double binInSteps, double lowest,
                             double highest) {
    constexpr int64_t kRun = 64, kLanes = 8;
    double lanes[kLanes] = {}, edges[kRun + 1];
    for (int64_t start = 0; start < bins; start += kRun) {
        const int64_t run = std::min(kRun, bins - start);
        for (int64_t i = 0; i <= kRun; ++i)
            edges[i] = integral((firstEdge + static_cast<double>(start + i)) * binInSteps, lowest, highest);
        int64_t i = 0;
        for (; i + kLanes <= run; i += kLanes)
            for (int64_t lane = 0; lane < kLanes; ++lane)
                lanes[lane] += counts[start + i + lane] * (edges[i + lane + 1] - edges[i + lane]);
        for (; i < run; ++i) lanes[0] += counts[start + i] * (edges[i + 1] - edges[i]);
    }
    double sum = 0;
    for (const double lane : lanes) sum += lane;
    return sum;
}

double signalPower(const Histogram& h) {
    double sum = 0;
    for (size_t i = 0; i < h.counts.size(); ++i) {
        const double middle = h.edge(i) + h.width / 2;
        sum += h.counts[i] * (middle * middle + h.width * h.width / 12);
    }
    return sum / h.total();
}

// Values of h in (-infinity, x], a bin's evenly spread.
double countBelow(const Histogram& h, double x) {
    const double position = x / h.width - static_cast<double>(h.first);
    double sum = 0;
    for (size_t i = 0; i < h.counts.size(); ++i)
        sum += h.counts[i] * std::clamp(position - static_cast<double>(i), 0.0, 1.0);
    return sum;
}

// Searches over shares of the seen range, first by eighths of a power of two, then finely around the best: where most
// values crowd at one place (SiLU's minimum), the error has many minima, one for each code that comes to lie there.
class MseSearch {
public:
    MseSearch(const Histogram& histogram, const QuantGrid& grid, float smallestScale, double clipWeight)
        : m_histogram(histogram),
          m_grid(grid),
          m_smallest(smallestScale),
          m_clipWeight(clipWeight),
          m_low(std::min(0.0f, histogram.low)),
          m_high(std::max(0.0f, histogram.high)) {
        if (grid.symmetric) m_high = std::max(m_high, -m_low), m_low = -m_high;
    }

    ClipRange search() {
        m_error = error(m_share[0], m_share[1]);
        scan(1, kCoarse, [](double share) { return std::array{share, share}; });
        if (m_grid.symmetric || m_low == 0 || m_high == 0) return clip();
        constexpr int kRounds = 4;
        for (int round = 0; round < kRounds; ++round) {
            const double before = m_error;
            scan(m_share[1], round == 0 ? kCoarse : 0, [other = m_share[0]](double share) {
                return std::array{other, share};
            });
            scan(m_share[0], round == 0 ? kCoarse : 0, [other = m_share[1]](double share) {
                return std::array{share, other};
            });
            tryShares({0.0, m_share[1]}, 0);
            if (m_error >= before * (1 - 1e-4)) break;
        }
        return clip();
    }

private:
    static constexpr int kPerOctave = 8, kCoarse = 80, kFine = 40;

    ClipRange clip() const { return {m_share[0] * m_low, m_share[1] * m_high}; }
    double error(double low, double high) const {
        const QParams params =
            chooseQParams(static_cast<float>(low * m_low), static_cast<float>(high * m_high), m_grid, m_smallest);
        const double all = quantizationError(m_histogram, params, m_grid);
        return m_clipWeight == 1 ? all : all + (m_clipWeight - 1) * clippingError(m_histogram, params, m_grid);
    }
    bool tryShares(std::array<double, 2> shares, double along) {
        const double e = error(shares[0], shares[1]);
        if (e >= m_error) return false;
        m_error = e, m_share = shares, m_along = along;
        return true;
    }
    template <class Shares>
    void scan(double current, int coarse, const Shares& shares) {
        m_along = current;
        for (int i = 0; i < coarse; ++i) {
            const double share = std::exp2(-static_cast<double>(i) / kPerOctave);
            tryShares(shares(share), share);
        }
        const double centre = m_along;
        for (int i = -kFine; i <= kFine; ++i) {
            const double share = centre * std::exp2(0.5 * i / kFine);
            if (share <= 1) tryShares(shares(share), share);
        }
    }

    const Histogram& m_histogram;
    const QuantGrid& m_grid;
    float m_smallest;
    double m_clipWeight, m_low, m_high;
    std::array<double, 2> m_share{1, 1};
    double m_error = 0, m_along = 0;
};

// For levels that are not even: a bin's values stand at a few places in it.
double numberError(const Histogram& h, const QParams& params, const QuantGrid& grid) {
    constexpr size_t kPlaces = 8;
    const loops::Grid g{params.scale, 1.0f / params.scale, 0, 0, 0};
    std::vector<float> x(h.counts.size() * kPlaces), y(x.size());
    for (size_t i = 0; i < x.size(); ++i)
        x[i] = static_cast<float>(h.edge(0) + (static_cast<double>(i) + 0.5) / kPlaces * h.width);
    const auto n = static_cast<int64_t>(x.size());
    if (grid.format == NumberFormat::Binary)
        loops::binarize(x.data(), y.data(), n, g);
    else
        loops::roundToFloat(x.data(), y.data(), n, g, grid.format);
    double sum = 0;
    for (size_t i = 0; i < x.size(); ++i)
        sum +=
            h.counts[i / kPlaces] / kPlaces * (static_cast<double>(x[i]) - y[i]) * (static_cast<double>(x[i]) - y[i]);
    return sum / h.total();
}

// Integral of (u - end)^2 from end + 1/2 to u; 0 before.
double beyond(double u, double end) {
    const double r = std::max(u - end, 0.5);
    return (r * r * r - 0.125) / 3;
}

}  // namespace

double clippingError(const Histogram& h, const QParams& params, const QuantGrid& grid) {
    const double scale = params.scale, first = static_cast<double>(grid.qmin) - params.zeroPoint,
                 last = static_cast<double>(grid.qmax) - params.zeroPoint;
    // Bins that reach beyond half a step outside the codes; the others have no part in it.
    const auto bins = static_cast<int64_t>(h.counts.size());
    const auto placeOf = [&](double code) {
        return std::clamp(std::floor(code * scale / h.width) - static_cast<double>(h.first), -1.0,
                          static_cast<double>(bins));
    };
    const auto below = static_cast<int64_t>(placeOf(first - 0.5)) + 1,
               above = std::max(below, static_cast<int64_t>(placeOf(last + 0.5)));
    double sum = 0;
    const auto add = [&](int64_t from, int64_t to) {
        for (int64_t i = from; i < to; ++i) {
            const double left = h.edge(static_cast<size_t>(i)) / scale,
                         right = h.edge(static_cast<size_t>(i) + 1) / scale;
            sum += h.counts[static_cast<size_t>(i)] *
                   (beyond(right, last) - beyond(left, last) + beyond(-left, -first) - beyond(-right, -first));
        }
    };
    add(0, std::min(below, bins));
    add(above, bins);
    return sum / (h.width / scale) * scale * scale / h.total();
}

double quantizationError(const Histogram& h, const QParams& params, const QuantGrid& grid) {
    if (grid.format != NumberFormat::Integer) return numberError(h, params, grid);
    const double scale = params.scale, binInSteps = h.width / scale;
    const double sum = codeErrors(h.counts.data(), static_cast<int64_t>(h.counts.size()), static_cast<double>(h.first),
                                  binInSteps, static_cast<double>(grid.qmin) - params.zeroPoint,
                                  static_cast<double>(grid.qmax) - params.zeroPoint);
    return std::max(sum, 0.0) / binInSteps * scale * scale / h.total();
}

ClipRange mseClip(const Histogram& histogram, const QuantGrid& grid, float smallestScale, double clipWeight) {
    constexpr size_t kBinsACode = 8;
    const size_t bins = std::clamp(kBinsACode * static_cast<size_t>(grid.qmax - grid.qmin + 1), size_t{1024},
                                   histogram.counts.size() + 1024);
    const Histogram coarse = coarser(histogram, bins);
    return MseSearch(coarse, grid, smallestScale, clipWeight).search();
}

ClipQuality clipQuality(const Histogram& h, const ClipRange& clip, const QuantGrid& grid, float smallestScale) {
    ClipQuality quality{
        .params = chooseQParams(static_cast<float>(clip.low), static_cast<float>(clip.high), grid, smallestScale),
        .values = h.total()};
    const double scale = quality.params.scale, total = quality.values;
    if (total == 0) return quality;
    const double bottom = (static_cast<double>(grid.qmin) - quality.params.zeroPoint - 0.5) * scale;
    const double top = (static_cast<double>(grid.qmax) - quality.params.zeroPoint + 0.5) * scale;
    const double outside = countBelow(h, bottom) + (total - countBelow(h, top));
    quality.clipped = std::clamp(outside / total, 0.0, 1.0);
    quality.signal = signalPower(h);
    quality.noise = quantizationError(h, quality.params, grid);
    return quality;
}

ClipQuality joined(const ClipQuality& a, const ClipQuality& b) {
    if (a.values == 0 || b.values == 0) return a.values == 0 ? b : a;
    ClipQuality both{.params = a.params.scale < b.params.scale ? b.params : a.params, .values = a.values + b.values};
    const auto mean = [&](double ofA, double ofB) { return (ofA * a.values + ofB * b.values) / both.values; };
    both.clipped = mean(a.clipped, b.clipped);
    both.signal = mean(a.signal, b.signal);
    both.noise = mean(a.noise, b.noise);
    return both;
}

double ClipQuality::sqnrDb() const {
    return 10 * std::log10(signal / noise);
}

}  // namespace qat
