// Range searches of other toolkits, written down once more from their published definitions, naively and in double, as
// witnesses of ours. Which toolkit's variant is which of our methods is told in HACKING.md.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "quant/clip.h"
#include "support/tensors.h"

namespace qat {
namespace {

constexpr size_t kBins = 2048;  // of every toolkit that is asked here
const QuantGrid kOracleAffine8{8, 0, 255, false}, kOracleSymmetric8{8, -127, 127, true},
    kOracleSymmetric4{4, -7, 7, true};

struct Values {
    const char* name;
    at::Tensor x;
};

// Shapes of activations and weights as they occur.
std::vector<Values> everyShape() {
    constexpr int64_t kCount = 40013;  // no percentile falls between two values
    Random random(17);
    const auto made = [&](const std::function<double()>& draw) {
        at::Tensor x = at::empty({kCount});
        for (int64_t i = 0; i < kCount; ++i) x.data_ptr<float>()[i] = static_cast<float>(draw());
        return x;
    };
    const auto normal = [&] { return random.normal(); };
    std::vector<Values> shapes{
        {"normal", made(normal)},
        {"heavy tails", made([&] { return random.normal() * std::exp(0.8 * random.normal()); })},
        {"rectified", made([&] { return std::max(0.0, random.normal()); })},
        {"two humps", made([&] { return 0.4 * random.normal() + (random.uniform(0, 1) < 0.3 ? 3 : -1); })},
        {"outliers", made(normal)}};
    for (int64_t i = 0; i < 12; ++i) shapes.back().x.data_ptr<float>()[i * 1000] = static_cast<float>(20 + i);
    return shapes;
}

// Even bins over [low, high], as numpy and torch make them; edges begin at zero.
Histogram evenBins(const at::Tensor& x, double low, double high) {
    Histogram h{(high - low) / static_cast<double>(kBins), 0, std::vector<double>(kBins), 0,
                static_cast<float>(high - low)};
    for (int64_t i = 0; i < x.numel(); ++i) {
        const double place = (static_cast<double>(x.data_ptr<float>()[i]) - low) / h.width;
        h.counts[std::min(kBins - 1, static_cast<size_t>(std::max(0.0, place)))] += 1;
    }
    return h;
}

Histogram ofMagnitudes(const at::Tensor& x) {
    return evenBins(x.abs(), 0, x.abs().max().item<double>());
}
Histogram ofValues(const at::Tensor& x) {
    return evenBins(x, x.min().item<double>(), x.max().item<double>());
}

Histogram ours(const at::Tensor& x) {
    StreamingHistogram counts;
    counts.add(x);
    return counts.histogram();
}

// KL(P || Q) of the first `size` bins: P with all mass beyond in its last bin, Q that of the bins alone joined to
// `levels`.
double divergence(const std::vector<double>& bins, size_t size, size_t levels) {
    std::vector<double> p(bins.begin(), bins.begin() + static_cast<long>(size)), q(size), mass(levels), used(levels);
    for (size_t i = 0; i < size; ++i) mass[i * levels / size] += bins[i], used[i * levels / size] += bins[i] != 0;
    for (size_t i = 0; i < size; ++i)
        if (bins[i] != 0) q[i] = mass[i * levels / size] / used[i * levels / size];
    for (size_t i = size; i < bins.size(); ++i) p.back() += bins[i];
    double sumP = 0, sumQ = 0, kl = 0;
    for (size_t i = 0; i < size; ++i) sumP += p[i], sumQ += q[i];
    for (size_t i = 0; i < size; ++i) {
        if (p[i] == 0) continue;
        if (q[i] == 0) return std::numeric_limits<double>::infinity();
        kl += p[i] / sumP * std::log(p[i] / sumP * (sumQ / q[i]));
    }
    return kl;
}

// TensorRT's calibrator as ModelOpt has it: from as many bins as levels to all, one by one; the last minimum.
double entropyThreshold(Histogram h, size_t levels) {
    h.counts[0] = h.counts[1];
    double least = std::numeric_limits<double>::infinity();
    size_t best = kBins;
    for (size_t size = levels; size <= kBins; ++size)
        if (const double kl = divergence(h.counts, size, levels); kl <= least) least = kl, best = size;
    return static_cast<double>(best) * h.width;
}

TEST(Oracle, EntropyIsThatOfTensorRt) {
    for (const auto& [name, x] : everyShape()) {
        const Histogram h = ofMagnitudes(x);
        for (const auto& [grid, levels] : {std::pair{kOracleSymmetric8, size_t{128}},
                                           {QuantGrid{8, -128, 127, true}, 128},
                                           {kOracleSymmetric4, 8},
                                           {kOracleAffine8, 256}})
            EXPECT_NEAR(entropyClip(h, grid).high, entropyThreshold(h, levels), 1e-9)
                << name << ", " << levels << " levels: the very bin";
    }
}

// The bin in which the running share of the counts first reaches `share`.
size_t binReaching(const Histogram& h, double share) {
    double below = 0;
    for (size_t i = 0; i < kBins; ++i)
        if ((below += h.counts[i]) >= share * h.total() * (1 - 1e-12)) return i;
    return kBins - 1;
}

TEST(Oracle, PercentilesAreThoseOfModelOptOnnxRuntimeAndBrevitas) {
    for (const auto& [name, x] : everyShape()) {
        const Histogram sizes = ofMagnitudes(x), values = ofValues(x), own = ours(x);
        at::Tensor sorted = std::get<0>(x.abs().sort());
        for (const double percentile : {99.0, 99.9, 99.99, 99.999}) {
            const double bin = std::max(own.width, sizes.width), low = x.min().item<double>();
            const ClipRange symmetric = percentileClip(own, percentile, true),
                            affine = percentileClip(own, percentile, false);
            const double modelOpt = sizes.edge(binReaching(sizes, percentile / 100));
            EXPECT_NEAR(symmetric.high, modelOpt, 2 * bin)
                << name << percentile << ": the bin of ModelOpt, and of ONNX Runtime's symmetric collector";
            EXPECT_GE(symmetric.high, modelOpt - bin);
            const auto k = static_cast<int64_t>(std::floor(0.01 * percentile * static_cast<double>(x.numel()) + 0.5));
            EXPECT_NEAR(symmetric.high, sorted[k - 1].item<double>(), own.width) << name << percentile << ": Brevitas";
            const double cut = (100 - percentile) / 200;
            EXPECT_NEAR(affine.low, low + values.edge(binReaching(values, cut)), 2 * bin)
                << name << percentile << ": ONNX Runtime";
            EXPECT_NEAR(affine.high, low + values.edge(binReaching(values, 1 - cut)), 2 * bin)
                << name << percentile << ": ONNX Runtime";
        }
    }
}

// Error of the bins [start, end] on `steps` even steps, from the formula in torch.ao: each bin's mass spread over it.
double torchNorm(const Histogram& h, size_t start, size_t end, double steps) {
    const double step = h.width * static_cast<double>(end - start + 1) / steps;
    const auto cubes = [](double a, double b) { return (b * b * b - a * a * a) / 3; };
    double error = 0;
    for (size_t i = 0; i < kBins; ++i) {
        const double begin = (static_cast<double>(i) - static_cast<double>(start)) * h.width, stop = begin + h.width;
        const double first = std::clamp(std::floor(begin / step), 0.0, steps - 1),
                     last = std::clamp(std::floor(stop / step), 0.0, steps - 1);
        const double density = h.counts[i] / h.width;
        error +=
            density * (cubes(begin - (first + 0.5) * step, step / 2) + (last - first - 1) * cubes(-step / 2, step / 2) +
                       cubes(-step / 2, stop - (last + 0.5) * step));
    }
    return error;
}

std::pair<size_t, size_t> torchSearch(const Histogram& h, double steps) {
    constexpr double kStep = 1e-5;
    std::vector<double> running(kBins);
    double total = 0;
    for (size_t i = 0; i < kBins; ++i) running[i] = total += h.counts[i];
    double alpha = 0, beta = 1, least = std::numeric_limits<double>::infinity();
    size_t start = 0, end = kBins - 1;
    while (alpha < beta) {
        const double nextAlpha = alpha + kStep, nextBeta = beta - kStep;
        size_t l = start, r = end;
        while (l < end && running[l] < nextAlpha * total) ++l;
        while (r > start && running[r] > nextBeta * total) --r;
        size_t nextStart = start, nextEnd = end;
        if (l - start > end - r)
            nextStart = l, alpha = nextAlpha;
        else
            nextEnd = r, beta = nextBeta;
        if (nextStart == start && nextEnd == end) continue;
        const double norm = torchNorm(h, nextStart, nextEnd, steps);
        if (norm > least) break;
        least = norm, start = nextStart, end = nextEnd;
    }
    return {start, end};
}

TEST(Oracle, HistogramSearchIsThatOfTorch) {
    for (const auto& [name, x] : everyShape()) {
        const Histogram h = ofValues(x);
        for (const int bits : {4, 8}) {
            const auto [start, end] = torchSearch(h, std::ldexp(1.0, bits));
            const ClipRange clip = histogramClip(h, bits);
            EXPECT_NEAR(clip.low, h.edge(start), h.width * 1.001) << name << bits;
            EXPECT_NEAR(clip.high, h.edge(end + 1), h.width * 1.001) << name << bits;
        }
    }
}

// Mean squared error of the values themselves on the grid over [low, high], as every toolkit defines it: the range has
// zero in it, a symmetric one reaches as far on both sides, an affine one has a whole zero point. What is clipped
// counts clipWeight times.
double squaredError(const at::Tensor& x, double low, double high, const QuantGrid& grid, double clipWeight = 1) {
    const double least = static_cast<double>(grid.qmin), most = static_cast<double>(grid.qmax);
    const double from = std::min(low, 0.0), to = std::max(high, 0.0);
    const double scale = (grid.symmetric ? 2 * std::max(-from, to) : to - from) / (most - least);
    const double zero =
        grid.symmetric ? (least + most) / 2 : std::clamp(least - std::nearbyint(from / scale), least, most);
    double sum = 0;
    for (int64_t i = 0; i < x.numel(); ++i) {
        const double v = x.data_ptr<float>()[i], place = v / scale + zero;
        const double error = v - (std::clamp(std::nearbyint(place), least, most) - zero) * scale;
        const bool clipped = place < least - 0.5 || place > most + 0.5;
        sum += error * error * (clipped ? clipWeight : 1);
    }
    return sum / static_cast<double>(x.numel());
}

double ourError(const at::Tensor& x, CalibrationMethod method, const QuantGrid& grid, double clipWeight = 1) {
    const ClipRange clip = chooseClip(ours(x), {method, 100, grid, 1.1920929e-7f, clipWeight});
    return squaredError(x, clip.low, clip.high, grid, clipWeight);
}

// Their candidates are few, ours are fine: the range need not be theirs, but its error must be no larger.
constexpr double kSlack = 1.01;

TEST(Oracle, MseIsNoWorseThanModelOptsBinCentres) {
    for (const auto& [name, x] : everyShape())
        for (const QuantGrid& grid : {kOracleSymmetric8, kOracleSymmetric4}) {
            const Histogram h = ofMagnitudes(x);
            double least = std::numeric_limits<double>::infinity(), best = 0;
            for (size_t i = 128; i < kBins; ++i) {
                const double threshold = h.edge(i) + h.width / 2, scale = threshold / static_cast<double>(grid.qmax);
                double error = 0;
                for (size_t bin = 0; bin < kBins; ++bin) {
                    const double centre = h.edge(bin) + h.width / 2,
                                 code = std::min(std::nearbyint(centre / scale), static_cast<double>(grid.qmax));
                    error += h.counts[bin] * (centre - code * scale) * (centre - code * scale);
                }
                if (error < least) least = error, best = threshold;
            }
            EXPECT_LE(ourError(x, CalibrationMethod::Mse, grid), kSlack * squaredError(x, -best, best, grid))
                << name << grid.bits;
        }
}

TEST(Oracle, MseIsNoWorseThanBrevitasFibonacciSearch) {
    const double golden = (std::sqrt(5.0) - 1) / 2;
    for (const auto& [name, x] : everyShape())
        for (const QuantGrid& grid : {kOracleSymmetric8, kOracleSymmetric4}) {
            const double most = x.abs().max().item<double>();
            const auto error = [&](double share) { return squaredError(x, -share * most, share * most, grid); };
            double from = 0.01, to = 1, left = to - golden * (to - from), right = from + golden * (to - from);
            double atLeft = error(left), atRight = error(right), least = std::min({error(1), atLeft, atRight});
            for (int step = 0; step < 20; ++step) {
                if (atLeft < atRight)
                    to = right, right = left, atRight = atLeft, left = to - golden * (to - from), atLeft = error(left);
                else
                    from = left, left = right, atLeft = atRight, right = from + golden * (to - from),
                    atRight = error(right);
                least = std::min({least, atLeft, atRight});
            }
            EXPECT_LE(ourError(x, CalibrationMethod::Mse, grid), kSlack * least) << name << grid.bits;
        }
}

// Both ends on every eighth of 2048 bins, as PPQ has it; every 64th here is enough of them.
TEST(Oracle, MseIsNoWorseThanPpqsIntervals) {
    constexpr size_t kInterval = 64;
    for (const auto& [name, x] : everyShape()) {
        const Histogram h = ofValues(x);
        const double low = x.min().item<double>();
        double least = std::numeric_limits<double>::infinity();
        for (size_t from = 0; from < kBins / 2; from += kInterval)
            for (size_t to = kBins / 2; to <= kBins; to += kInterval)
                if (low + h.edge(from) <= 0 && low + h.edge(to) > 0)
                    least = std::min(least, squaredError(x, low + h.edge(from), low + h.edge(to), kOracleAffine8));
        EXPECT_LE(ourError(x, CalibrationMethod::Mse, kOracleAffine8), kSlack * least) << name;
    }
}

// AIMET's candidates: 101 widths of symmetric grids; 17 widths by 21 offsets of affine ones; what is clipped counts
// three times.
TEST(Oracle, SqnrIsNoWorseThanAimetsCandidates) {
    constexpr double kGamma = 3;
    for (const auto& [name, values] : everyShape()) {
        const at::Tensor x = values.slice(0, 0, values.numel(), 4).contiguous();
        const double most = x.abs().max().item<double>(), low = std::min(0.0, x.min().item<double>()),
                     high = std::max(0.0, x.max().item<double>());
        double least = std::numeric_limits<double>::infinity();
        for (int i = 1; i <= 101; ++i)
            least = std::min(least, squaredError(x, -most * i / 101, most * i / 101, kOracleSymmetric4, kGamma));
        EXPECT_LE(ourError(x, CalibrationMethod::Sqnr, kOracleSymmetric4, kGamma), 1.02 * least) << name;
        const QuantGrid affine{4, 0, 15, false};
        least = std::numeric_limits<double>::infinity();
        for (int width = 1; width <= 17; ++width)
            for (int offset = 0; offset <= 20; ++offset) {
                const double step = (high - low) / 15 * width / 17,
                             from = -std::min(15.0, std::round(15.0 * offset / 20)) * step;
                least = std::min(least, squaredError(x, from, from + 15 * step, affine, kGamma));
            }
        EXPECT_LE(ourError(x, CalibrationMethod::Sqnr, affine, kGamma), 1.02 * least) << name;
    }
}

}  // namespace
}  // namespace qat
