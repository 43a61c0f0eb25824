// Learned rounding against the best of all roundings, and repaired layers of a detector against its float network.
#include "quant/repair.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "models/yolov8.h"
#include "ops/fake_quantize.h"
#include "passes/fold_batch_norm.h"
#include "quant/calibrate.h"
#include "quant/conv_samples.h"
#include "quant/rounding.h"
#include "run/executor.h"
#include "support/peak_memory.h"
#include "support/tensors.h"

namespace qat {
namespace {

using test::randomTensor;

// One output with correlated inputs, where rounding each weight to the nearest is not best.
RoundingProblem problemOf(int64_t outputs, int64_t inputs, uint64_t seed) {
    const at::Tensor mixed = randomTensor({inputs, 6}, seed, -1, 1),
                     x = at::mm(mixed, randomTensor({6, 500}, seed + 1, -1, 1)).unsqueeze(0);
    const at::Tensor w = randomTensor({1, outputs, inputs}, seed + 2, -1, 1), y = at::bmm(w, x);
    return {w,
            at::full_like(w, 0.3),
            at::bmm(x, x.transpose(1, 2)) / 500,
            at::bmm(y, x.transpose(1, 2)) / 500,
            y.square().sum().item<double>() / 500,
            -7,
            7};
}

double errorOf(const RoundingProblem& p, const at::Tensor& codes) {
    const at::Tensor w = (codes * p.scale).to(at::kDouble);
    return (p.constant - 2 * (w * p.cross).sum() + (at::bmm(w, p.gram.to(at::kDouble)) * w).sum()).item<double>() /
           p.constant;
}

TEST(LearnedRounding, ComesCloseToTheBestOfAllRoundings) {
    const RoundingProblem p = problemOf(1, 10, 1);
    const at::Tensor low = at::floor(p.weight / p.scale);
    double best = 1e9;
    for (int choice = 0; choice < 1024; ++choice) {
        at::Tensor codes = low.clone();
        for (int i = 0; i < 10; ++i) codes.view({-1})[i] += (choice >> i) & 1;
        best = std::min(best, errorOf(p, codes.clamp(-7, 7)));
    }
    const RoundingResult result = learnRounding(p, {});
    EXPECT_NEAR(result.after, errorOf(p, result.codes), 1e-6);
    EXPECT_LE(result.after, result.before);
    EXPECT_LT(result.after, 3 * best + 1e-4) << "nearest " << result.before << ", best " << best;
}

TEST(LearnedRounding, TakesNeighboursOnTheGridAndNeverGetsWorse) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        const RoundingProblem p = problemOf(16, 36, 10 * seed);
        const RoundingResult result = learnRounding(p, {});
        EXPECT_LT(result.after, 0.8 * result.before) << seed;
        EXPECT_TRUE(at::equal(result.codes, result.codes.round()));
        EXPECT_LE((result.codes - p.weight / p.scale).abs().max().item<double>(), 1);
        const RoundingResult again = learnRounding(p, {});
        EXPECT_TRUE(at::equal(result.codes, again.codes));
        EXPECT_LE(learnRounding(p, {1, 0.01}).after, result.before);
    }
}

TEST(ConvSamples, AreWhatTheConvolutionReadAndMade) {
    for (const auto& [groups, stride, padding] :
         {std::tuple{int64_t{1}, int64_t{1}, int64_t{1}}, {int64_t{2}, int64_t{2}, int64_t{0}}}) {
        const Conv2d conv{{stride, stride}, {padding, padding}, {1, 1}, groups};
        const at::Tensor x = randomTensor({2, 4, 9, 8}, 1).contiguous(at::MemoryFormat::ChannelsLast),
                         w = randomTensor({6, 4 / groups, 3, 3}, 2);
        const at::Tensor y = at::conv2d(x, w, {}, conv.stride, conv.padding, conv.dilation, groups);
        const ConvSamples samples(conv, y.sizes().vec(), 7, 3);
        const at::Tensor made = at::bmm(w.reshape({groups, 6 / groups, -1}), samples.columns(x, 3, 3));
        EXPECT_LE(test::maxDifference(made, samples.results(y)), 1e-5);
        const ConvSamples second = samples.within(1, 1);
        EXPECT_TRUE(at::equal(second.results(y.slice(0, 1, 2)), samples.results(y).index_select(2, second.places())));
        EXPECT_EQ(second.places().numel() + samples.within(0, 1).places().numel(), ConvSamples::kPlaces);
        const at::Tensor sums = columnSums(conv, x, y.sizes().vec(), 3, 3);
        EXPECT_LE(test::maxDifference(
                      at::bmm(w.reshape({groups, 6 / groups, -1}).to(at::kDouble), sums.unsqueeze(2)).flatten(),
                      y.sum({0, 2, 3}, false, at::kDouble)),
                  1e-4);
    }
}

struct RepairedDetector : testing::Test {
    Random random{0};
    Graph original = buildYolov8("n", 2, random);
    Graph graph;
    Config config;
    std::optional<QuantizerSet> set;
    std::vector<LayerRepair> repairs;

    void SetUp() override {
        foldBatchNorm(original);
        config.quantization.weight.bitWidth = 3;
        config.calibration.method = CalibrationMethod::MinMax;
        config.repair.adaroundIterations = 20;
        LayerConfig late;  // the first stages are enough
        late.pattern = "^model\\.([4-9]|1[0-9]|2[0-9])\\.";
        late.skip = true;
        config.quantization.layerConfigs = {late};
    }
    int64_t batch = 4, kept = 16;  // of the repair
    int opened = 0;

    static at::Tensor images(uint64_t seed) { return randomTensor({4, 3, 64, 64}, seed, 0, 1); }
    // Slices of `all` in batches.
    RepairImages streamOf(const at::Tensor& all) {
        return {all.size(0),
                [this, all] {
                    ++opened;
                    return [this, all, at = int64_t{0}]() mutable {
                        if (at >= all.size(0)) return at::Tensor();
                        at += batch;
                        return all.slice(0, at - batch, std::min(at, all.size(0)));
                    };
                },
                kept};
    }
    void run() {
        graph = original.clone(true);
        set.emplace(graph, resolvePlan(graph, config));
        int given = 0;
        calibrate(
            original, graph, *set, [&] { return given++ < 1 ? images(1) : at::Tensor(); }, [](int64_t) {},
            CancelToken());
        repairs = repairLayers(original, graph, *set, streamOf(images(1)), config.repair, 5, CancelToken(),
                               [](int64_t, int64_t) {});
        verify(graph);
    }
    double errorAt(const std::string& layer, uint64_t seed) const {
        const ValueId value = original.node(*original.findNode(layer)).outputs.front();
        const auto results = [&](const Graph& network) {
            return Executor(network, {.outputs = {"head.0"}, .values = {value}}).run(images(seed)).back();
        };
        const at::Tensor exact = results(original);
        return ((results(graph) - exact).square().sum() / exact.square().sum()).item<double>();
    }
    at::Tensor meanError(const std::string& layer, uint64_t seed) const {
        const ValueId value = original.node(*original.findNode(layer)).outputs.front();
        const auto mean = [&](const Graph& network) {
            return Executor(network, {.outputs = {"head.0"}, .values = {value}})
                .run(images(seed))
                .back()
                .mean({0, 2, 3});
        };
        return (mean(graph) - mean(original)).abs().mean();
    }
};

TEST_F(RepairedDetector, CorrectedBiasesTakeTheMeanErrorOutOfEveryLayer) {
    run();
    const double before = meanError("model.3.conv", 1).item<double>(), error = errorAt("model.3.conv", 2);
    EXPECT_TRUE(std::ranges::all_of(repairs, [](const LayerRepair& r) { return r.before == r.after; }))
        << "nothing asked for, nothing done";
    config.repair.biasCorrection = true;
    run();
    ASSERT_EQ(repairs.size(), 7u);
    EXPECT_LT(meanError("model.3.conv", 1).item<double>(), 1e-3 * before);
    EXPECT_LT(errorAt("model.3.conv", 2), error) << "also on other images";
}

TEST_F(RepairedDetector, LearnedRoundingLowersTheErrorOfLayers) {
    run();
    const double error = errorAt("model.3.conv", 2);
    config.repair.adaround = true;
    run();
    EXPECT_LT(errorAt("model.3.conv", 2), 0.8 * error) << "on other images";
    for (const Quantizer& q : set->all()) {
        if (!q.weight) continue;
        const auto& op = std::get<FakeQuantize>(graph.node(q.nodes.front()).op);
        const at::Tensor weight = graph.value(q.observed.front()).data->detach();
        EXPECT_TRUE(at::allclose(fakeQuantize(op, weight, *graph.value(q.scale).data, *graph.value(q.zeroPoint).data),
                                 weight, 1e-5, 1e-7))
            << q.name;
    }
}

TEST_F(RepairedDetector, SameSeedSameBits) {
    config.repair.adaround = config.repair.biasCorrection = true;
    config.repair.adaroundIterations = 10;
    run();
    const Graph first = graph.clone(true);
    run();
    for (const ValueId id : graph.storedValues())
        EXPECT_TRUE(at::equal(*first.value(id).data, *graph.value(id).data)) << graph.value(id).name;
}

// However few images are kept and however they are cut into batches: the same sample, and sums in another order.
TEST_F(RepairedDetector, BatchesChangeNothingButTheOrderOfSums) {
    config.repair.adaround = config.repair.biasCorrection = true;
    run();
    EXPECT_EQ(opened, 1) << "all images fit";
    const Graph whole = graph.clone(true);
    const std::vector<LayerRepair> expected = repairs;
    for (const auto& [size, stay] : {std::pair{int64_t{1}, int64_t{2}}, {3, 0}}) {
        batch = size, kept = stay, opened = 0;
        run();
        EXPECT_GT(opened, 1) << "what is not kept is asked for again";
        ASSERT_EQ(repairs.size(), expected.size());
        for (size_t i = 0; i < repairs.size(); ++i) {
            EXPECT_EQ(repairs[i].layer, expected[i].layer);
            EXPECT_NEAR(repairs[i].before, expected[i].before, 1e-3 * expected[i].before) << repairs[i].layer;
            EXPECT_NEAR(repairs[i].after, expected[i].after, 0.02 * expected[i].after) << repairs[i].layer;
        }
        for (const ValueId id : graph.storedValues()) {
            const at::Tensor &a = *whole.value(id).data, &b = *graph.value(id).data;
            EXPECT_LE(a.ne(b).logical_and((a - b).abs().gt(1e-3 * a.abs().max())).to(at::kDouble).mean().item<double>(),
                      0.002)
                << graph.value(id).name;
        }
    }
}

TEST_F(RepairedDetector, MemoryDoesNotGrowWithTheNumberOfImages) {
    config.repair.adaround = config.repair.biasCorrection = true;
    config.repair.adaroundIterations = 1;
    batch = 2, kept = 2;
    run();
    const auto peakOf = [&](int64_t count) {
        const at::Tensor all = randomTensor({count, 3, 64, 64}, 1, 0, 1);
        Graph repaired = graph.clone(true);
        test::PeakMemory::restart();
        repairLayers(original, repaired, *set, streamOf(all), config.repair, 5, CancelToken(), [](int64_t, int64_t) {});
        return test::PeakMemory::bytes();
    };
    const int64_t few = peakOf(4);
    EXPECT_GT(few, 1 << 20);
    EXPECT_LE(peakOf(10), few * 101 / 100);
}

TEST_F(RepairedDetector, LayersWithoutBiasGetOneAndUnfoldedNormsStay) {
    original = buildYolov8("n", 2, random);
    config.repair.biasCorrection = true;
    run();
    EXPECT_EQ(graph.node(*graph.findNode("model.0.conv")).inputs.size(), 3u);
    EXPECT_LT(meanError("model.3.conv", 1).item<double>(), 1e-3);
}

}  // namespace
}  // namespace qat
