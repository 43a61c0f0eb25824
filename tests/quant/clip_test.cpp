// Calibration methods against sorted data, brute force and torch's observer.
#include "quant/clip.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "models/trained.h"
#include "ops/fake_quantize.h"
#include "support/assets.h"
#include "support/tensors.h"

namespace qat {
namespace {

const QuantGrid kAffine8{8, 0, 255, false}, kAffine4{4, 0, 15, false}, kSymmetric8{8, -128, 127, true},
    kSymmetric4{4, -8, 7, true};

Histogram histogramOf(const at::Tensor& x, size_t bins = 4096) {
    StreamingHistogram counts;
    counts.add(x);
    return coarser(counts.histogram(), bins);
}

// Mostly small values and few large ones, both signs or as a SiLU makes them.
at::Tensor heavyTails(uint64_t seed, bool silu) {
    Random random(seed);
    at::Tensor x = at::empty({39999});
    for (int64_t i = 0; i < x.numel(); ++i)
        x.data_ptr<float>()[i] = static_cast<float>(random.normal() * std::exp(0.9 * random.normal()));
    return silu ? at::silu(x * 3) : x;
}

std::vector<float> sorted(const at::Tensor& x) {
    std::vector<float> values(x.data_ptr<float>(), x.data_ptr<float>() + x.numel());
    std::ranges::sort(values);
    return values;
}

double meanSquaredError(const at::Tensor& x, const ClipRange& clip, const QuantGrid& grid, double clipWeight = 1) {
    const QParams params = chooseQParams(static_cast<float>(clip.low), static_cast<float>(clip.high), grid);
    const FakeQuantize op{FakeQuantMode::Ste, grid.bits, grid.qmin, grid.qmax, -1, 1.0, false, grid.format};
    const at::Tensor y = fakeQuantize(op, x, at::full({1}, params.scale), at::full({1}, params.zeroPoint));
    const at::Tensor errors = (y - x).to(at::kDouble).square();
    if (clipWeight == 1) return errors.mean().item<double>();
    const double top = (static_cast<double>(grid.qmax) - params.zeroPoint + 0.5) * params.scale,
                 bottom = (static_cast<double>(grid.qmin) - params.zeroPoint - 0.5) * params.scale;
    return (errors *
            at::where(x.gt(top).logical_or(x.lt(bottom)), at::scalar_tensor(clipWeight), at::scalar_tensor(1.0)))
        .mean()
        .item<double>();
}

TEST(Clip, PercentileIsThatOfTheSortedValuesWithinABin) {
    for (const bool silu : {false, true})
        for (const double percentile : {50.0, 99.0, 99.9, 99.99, 100.0}) {
            const at::Tensor x = heavyTails(7, silu);
            const Histogram h = histogramOf(x);
            const auto all = sorted(x), magnitudes = sorted(x.abs());
            const auto at = [](const std::vector<float>& values, double share) {
                const auto index = static_cast<int64_t>(std::ceil(share * static_cast<double>(values.size()))) - 1;
                return values[static_cast<size_t>(
                    std::clamp<int64_t>(index, 0, static_cast<int64_t>(values.size()) - 1))];
            };
            const ClipRange affine = percentileClip(h, percentile, false),
                            symmetric = percentileClip(h, percentile, true);
            const double tail = (100 - percentile) / 200;
            EXPECT_NEAR(affine.low, at(all, tail), h.width) << percentile;
            EXPECT_NEAR(affine.high, at(all, 1 - tail), h.width) << percentile;
            EXPECT_NEAR(symmetric.high, at(magnitudes, percentile / 100), h.width) << percentile;
            EXPECT_EQ(symmetric.low, -symmetric.high);
        }
}

TEST(Clip, ErrorIsThatOfQuantizingTheValues) {
    for (const bool silu : {false, true})
        for (const QuantGrid& grid : {kAffine8, kAffine4, kSymmetric8, kSymmetric4}) {
            const at::Tensor x = heavyTails(8, silu);
            for (const double share : {1.0, 0.5, 0.1}) {
                const ClipRange clip{share * x.min().item<float>(), share * x.max().item<float>()};
                const QParams params = chooseQParams(static_cast<float>(clip.low), static_cast<float>(clip.high), grid);
                const double exact = meanSquaredError(x, clip, grid);
                EXPECT_NEAR(quantizationError(histogramOf(x), params, grid), exact, 0.02 * exact)
                    << grid.bits << " " << share;
            }
        }
}

// The best of all ranges between bin edges, within the values.
double leastError(const Histogram& h, const QuantGrid& grid) {
    double least = std::numeric_limits<double>::infinity();
    const auto size = static_cast<int64_t>(h.counts.size());
    for (int64_t from = h.first; from <= 0; ++from)
        for (int64_t to = 0; to <= h.first + size; ++to) {
            if (from == to || (grid.symmetric && from != h.first)) continue;
            const float high = std::min(h.high, static_cast<float>(static_cast<double>(to) * h.width));
            const float low =
                grid.symmetric ? -high : std::max(h.low, static_cast<float>(static_cast<double>(from) * h.width));
            if (low >= high) continue;
            least = std::min(least, quantizationError(h, chooseQParams(low, high, grid), grid));
        }
    return least;
}

TEST(Clip, MseFindsTheLeastErrorThatBruteForceFinds) {
    for (const uint64_t seed : {1, 2, 3})
        for (const bool silu : {false, true})
            for (const QuantGrid& grid : {kAffine8, kAffine4, kSymmetric8, kSymmetric4}) {
                const Histogram h = histogramOf(heavyTails(seed, silu), silu ? 2048 : 256);  // well below a step
                const ClipRange clip = mseClip(h, grid, 1.1920929e-7f);
                const double error = quantizationError(
                    h, chooseQParams(static_cast<float>(clip.low), static_cast<float>(clip.high), grid), grid);
                EXPECT_LE(error, 1.05 * leastError(h, grid)) << seed << silu << grid.bits << grid.symmetric;
            }
}

// KL(P || Q) as the method defines it, bin by bin.
double divergence(const std::vector<double>& counts, size_t begin, size_t end, size_t levels) {
    std::vector<double> p(counts.begin() + static_cast<long>(begin), counts.begin() + static_cast<long>(end)),
        q(p.size());
    for (size_t level = 0; level < levels; ++level) {
        double mass = 0, used = 0;
        for (size_t i = 0; i < p.size(); ++i)
            if (i * levels / p.size() == level) mass += p[i], used += p[i] > 0;
        for (size_t i = 0; i < p.size(); ++i)
            if (i * levels / p.size() == level && p[i] > 0) q[i] = mass / used;
    }
    for (size_t i = 0; i < begin; ++i) p.front() += counts[i];
    for (size_t i = end; i < counts.size(); ++i) p.back() += counts[i];
    double massP = 0, massQ = 0, sum = 0;
    for (size_t i = 0; i < p.size(); ++i) massP += p[i], massQ += q[i];
    for (size_t i = 0; i < p.size(); ++i) {
        if (p[i] == 0) continue;
        if (q[i] == 0) return std::numeric_limits<double>::infinity();
        sum += p[i] / massP * std::log(p[i] / massP / (q[i] / massQ));
    }
    return sum;
}

// Symmetric grids over 101 ends of the range, affine ones over 17 by 21 of both, clipping three times as dear as
// rounding: the candidates of the published search.
TEST(Clip, SqnrIsAtLeastAsGoodAsTheBestOfThePublishedCandidates) {
    constexpr double kClipWeight = 3;
    for (const bool silu : {false, true})
        for (const QuantGrid& grid : {kAffine4, kSymmetric4, QuantGrid{3, 0, 7, false}}) {
            const at::Tensor x = heavyTails(4, silu);
            const Histogram h = histogramOf(x);
            const ClipRange chosen = mseClip(h, grid, 1.1920929e-7f, kClipWeight);
            double best = 1e30;
            const int ends = grid.symmetric ? 101 : 17, starts = grid.symmetric ? 1 : 21;
            for (int i = 1; i <= ends; ++i)
                for (int j = 1; j <= starts; ++j) {
                    const double high = h.high * i / ends,
                                 low = grid.symmetric ? -high : static_cast<double>(h.low) * j / starts;
                    best = std::min(best, meanSquaredError(x, {low, high}, grid, kClipWeight));
                }
            EXPECT_LE(meanSquaredError(x, chosen, grid, kClipWeight), 1.02 * best)
                << silu << grid.bits << grid.symmetric;
            const ClipRange plain = mseClip(h, grid, 1.1920929e-7f);
            EXPECT_GE(chosen.high, plain.high * 0.999) << "cuts off less";
        }
}

TEST(Clip, FloatingPointAndBinaryGridsTakeTheirOwnLeastError) {
    const QuantGrid e4m3{8, -448, 448, true, NumberFormat::E4m3}, binary{1, -1, 1, true, NumberFormat::Binary};
    const at::Tensor x = heavyTails(5, false);
    const Histogram h = histogramOf(x);
    for (const QuantGrid& grid : {e4m3, binary}) {
        const ClipRange chosen = chooseClip(h, {CalibrationMethod::Mse, 100, grid});
        double best = 1e30;
        for (int i = 1; i <= 200; ++i)
            best = std::min(best, meanSquaredError(x, {-h.high * i / 200.0, h.high * i / 200.0}, grid));
        EXPECT_LE(meanSquaredError(x, chosen, grid), 1.03 * best) << grid.bits;
        const double measured = quantizationError(
            h, chooseQParams(static_cast<float>(chosen.low), static_cast<float>(chosen.high), grid), grid);
        EXPECT_NEAR(measured, meanSquaredError(x, chosen, grid), 0.05 * measured)
            << "of the histogram and of the values";
    }
    EXPECT_EQ(chooseClip(h, {CalibrationMethod::Mse, 100, {16, -65504, 65504, true, NumberFormat::Half}}).high,
              std::max<double>(h.high, 0))
        << "half is not scaled";
}

TEST(Clip, EntropyIsTheLastMinimumOfTheDivergenceOnMagnitudes) {
    for (const auto& [grid, levels] : {std::pair{kSymmetric8, 128}, std::pair{kSymmetric4, 8}}) {
        const Histogram h = histogramOf(heavyTails(11, false), 700);
        auto counts = magnitudes(h).counts;
        counts[0] = counts[1];
        size_t best = 0;
        double least = std::numeric_limits<double>::infinity();
        for (size_t end = static_cast<size_t>(levels); end <= counts.size(); ++end)
            if (const double d = divergence(counts, 0, end, static_cast<size_t>(levels)); d <= least)
                least = d, best = end;
        const ClipRange clip = entropyClip(h, grid);
        EXPECT_NEAR(clip.high, static_cast<double>(best) * h.width, h.width * 1.001) << levels;
        EXPECT_EQ(clip.low, -clip.high);
        EXPECT_LT(best, counts.size()) << "heavy tails are clipped";
    }
}

TEST(Clip, EntropyOfAffineGridsKeepsTheShortSideWhole) {
    const Histogram h = histogramOf(heavyTails(12, true), 700);
    auto counts = h.counts;
    const auto zero = static_cast<size_t>(-h.first);
    counts[zero] = counts[zero + 1];
    if (zero >= 2) counts[zero - 1] = counts[zero - 2];
    size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (size_t t = 1; t <= counts.size() - zero; ++t) {
        const size_t begin = t > zero ? 0 : zero - t, end = zero + t;
        if (end - begin < 16) continue;
        if (const double d = divergence(counts, begin, end, 16); d <= least) least = d, best = t;
    }
    const ClipRange clip = entropyClip(h, kAffine4);
    EXPECT_NEAR(clip.high, static_cast<double>(best) * h.width, h.width * 1.001);
    EXPECT_EQ(clip.low, std::max(h.edge(0), -clip.high));
    EXPECT_LT(clip.high, 0.5 * h.high);
}

TEST(Clip, NothingToChooseFromGivesWhatWasSeen) {
    for (const float value : {0.0f, 3.0f, -3.0f}) {
        const Histogram h = histogramOf(at::full({50}, value));
        for (const auto method : {CalibrationMethod::MinMax, CalibrationMethod::Histogram,
                                  CalibrationMethod::Percentile, CalibrationMethod::Entropy, CalibrationMethod::Mse}) {
            const ClipRange clip = chooseClip(h, {method, 99, kAffine8});
            EXPECT_EQ(clip.low, std::min(0.0f, value));
            EXPECT_EQ(clip.high, std::max(0.0f, value));
            const QParams params = clipQuality(h, clip, kAffine8, 1e-5f).params;
            EXPECT_GE(params.scale, 1e-5f);
            EXPECT_TRUE(std::isfinite(params.scale));
        }
    }
}

TEST(Clip, EveryMethodStaysWithinWhatWasSeenAndHoldsZero) {
    for (const at::Tensor& x :
         {heavyTails(3, true), heavyTails(4, false), at::relu(heavyTails(5, false)), test::randomTensor({900}, 6, 2, 5),
          test::randomTensor({900}, 7, -9, -8), at::tensor({-1.0f, 2.0f})})
        for (const QuantGrid& grid :
             {kAffine8, kAffine4, kSymmetric4, QuantGrid{16, 0, 65535, false}, QuantGrid{2, -2, 1, true}})
            for (const auto method : {CalibrationMethod::Histogram, CalibrationMethod::Percentile,
                                      CalibrationMethod::Entropy, CalibrationMethod::Mse}) {
                const ClipRange clip = chooseClip(histogramOf(x), {method, 99, grid});
                EXPECT_LE(clip.low, 0);
                EXPECT_GE(clip.high, 0);
                EXPECT_LT(clip.low, clip.high);
                EXPECT_GE(clip.low, std::min(0.0f, x.min().item<float>()));
                EXPECT_LE(clip.high, std::max(0.0f, x.max().item<float>()));
            }
}

TEST(Clip, QualityCountsWhatIsBeyondTheGrid) {
    const at::Tensor x = heavyTails(9, false);
    const ClipRange clip{-2, 2};
    const ClipQuality quality = clipQuality(histogramOf(x), clip, kSymmetric8, 1e-7f);
    const double limit = 127.5 * quality.params.scale;
    const double beyond = x.abs().gt(limit).to(at::kDouble).mean().item<double>();
    EXPECT_NEAR(quality.clipped, beyond, 0.03 * beyond);
    const double sqnr =
        10 * std::log10(x.to(at::kDouble).square().mean().item<double>() / meanSquaredError(x, clip, kSymmetric8));
    EXPECT_NEAR(quality.sqnrDb(), sqnr, 0.1);
}

// torch.ao's 2048 bins, which divide [low, high]; the search only looks at counts, so edges may begin at zero. The
// release that made the goldens counts between the whole numbers towards zero, and takes the counts for those of [low,
// high].
at::Tensor torchCounts(const at::Tensor& x, double low, double high, bool truncated) {
    return at::histc(x, 2048, truncated ? std::trunc(low) : low, truncated ? std::trunc(high) : high).to(at::kDouble);
}

struct TorchHistogram {
    at::Tensor counts;
    double low = 0, high = 0;

    Histogram bins() const {
        const at::Tensor dense = counts.contiguous();
        return {(high - low) / static_cast<double>(dense.numel()),
                0,
                {dense.data_ptr<double>(), dense.data_ptr<double>() + dense.numel()},
                0,
                static_cast<float>(high - low)};
    }
};

// Widens the old bins to whole multiples of a 128th of their width, and adds them as they fall into the new ones.
TorchHistogram merged(const TorchHistogram& old, const at::Tensor& x, bool truncated) {
    constexpr int64_t kBins = 2048, kUpsample = 128;
    const float low = std::min(static_cast<float>(old.low), x.min().item<float>()),
                high = std::max(static_cast<float>(old.high), x.max().item<float>());
    if (low == static_cast<float>(old.low) && high == static_cast<float>(old.high))
        return {torchCounts(x, low, high, truncated) + old.counts, old.low, old.high};
    const float part =
        (static_cast<float>(old.high) - static_cast<float>(old.low)) / static_cast<float>(kBins * kUpsample);
    const auto rate = static_cast<int64_t>(std::ceil((high - low) / (static_cast<float>(kBins) * part)));
    const float top = high + (static_cast<float>(rate) * (static_cast<float>(kBins) * part) - (high - low));
    const auto start = static_cast<int64_t>(std::nearbyint((static_cast<float>(old.low) - low) / part));
    const at::Tensor fine = at::zeros({kBins * rate}, at::kDouble);
    fine.slice(0, start, start + kBins * kUpsample).copy_(old.counts.repeat_interleave(kUpsample));
    return {torchCounts(x, low, top, truncated) + fine.reshape({kBins, rate}).sum(1) / kUpsample, low, top};
}

TorchHistogram torchHistogram(const std::vector<at::Tensor>& batches, bool truncated) {
    const double low = batches.front().min().item<double>(), high = batches.front().max().item<double>();
    TorchHistogram histogram{torchCounts(batches.front(), low, high, truncated), low, high};
    for (size_t i = 1; i < batches.size(); ++i) histogram = merged(histogram, batches[i], truncated);
    return histogram;
}

void expectTorchsSearch(const nlohmann::json& row, const std::vector<at::Tensor>& batches, const std::string& what) {
    const QuantGrid grid{8, row.at("quant_min"), row.at("quant_max"), row.at("scheme") == "symmetric"};
    const auto found = [&](bool truncated) {
        const TorchHistogram h = torchHistogram(batches, truncated);
        const ClipRange clip = histogramClip(h.bins(), 8);
        return chooseQParams(static_cast<float>(clip.low) + static_cast<float>(h.low),
                             static_cast<float>(clip.high) + static_cast<float>(h.low), grid);
    };
    const QParams golden = found(true), theirs = found(false);
    EXPECT_NEAR(golden.scale, row.at("scale").get<double>(), 1e-5 * golden.scale) << what;
    EXPECT_EQ(golden.zeroPoint, row.at("zero_point").get<float>()) << what;
    // The search stops at the first rise, so other bins stop it elsewhere, at a place of much the same error.
    StreamingHistogram counts;
    for (const at::Tensor& x : batches) counts.add(x);
    const Histogram ours = counts.histogram();
    const QParams own =
        clipQuality(ours, chooseClip(ours, {CalibrationMethod::Histogram, 100, grid}), grid, 1.1920929e-7f).params;
    EXPECT_LE(quantizationError(ours, own, grid), 1.4 * quantizationError(ours, theirs, grid)) << what;
}

TEST(ClipGolden, HistogramSearchIsTorchs) {
    QAT_REQUIRE_ASSETS(assets);
    const Graph graph = test::trainedYolov8n(assets);
    const auto layers = test::readJson(assets / "goldens" / "fakequant" / "observers.json").at("layers");
    int compared = 0;
    for (const auto& [layer, parts] : layers.items()) {
        std::string file = "activation_" + layer;
        std::ranges::replace(file, '.', '_');
        const auto crops = test::readNpyTensor(assets / "goldens" / "fakequant" / (file + ".npy")).split(1);
        const std::map<std::string, std::vector<at::Tensor>> given{
            {"weight", {*graph.value(*graph.findValue(layer + ".weight")).data}},
            {"activation_first_batch", {crops[0]}},
            {"activation_four_batches", {crops.begin(), crops.end()}}};
        for (const auto& [part, batches] : given)
            for (const auto& row : parts.at(part)) {
                if (row.at("observer") != "HistogramObserver") continue;
                expectTorchsSearch(row, batches, layer + " " + part + " " + row.dump());
                ++compared;
            }
    }
    EXPECT_EQ(compared, 6 * 3 * 7);
}

}  // namespace
}  // namespace qat
