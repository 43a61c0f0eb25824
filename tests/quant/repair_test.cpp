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
#include "support/tensors.h"

namespace qat {
namespace {

using test::randomTensor;

// One output with correlated inputs, where rounding each weight to the nearest is not best.
RoundingProblem problemOf(int64_t outputs, int64_t inputs, uint64_t seed) {
    const at::Tensor mixed = randomTensor({inputs, 6}, seed, -1, 1), x = at::mm(mixed, randomTensor({6, 500}, seed + 1, -1, 1)).unsqueeze(0);
    const at::Tensor w = randomTensor({1, outputs, inputs}, seed + 2, -1, 1), y = at::bmm(w, x);
    return {w, at::full_like(w, 0.3), at::bmm(x, x.transpose(1, 2)) / 500, at::bmm(y, x.transpose(1, 2)) / 500, y.square().sum().item<double>() / 500, -7, 7};
}

double errorOf(const RoundingProblem& p, const at::Tensor& codes) {
    const at::Tensor w = (codes * p.scale).to(at::kDouble);
    return (p.constant - 2 * (w * p.cross).sum() + (at::bmm(w, p.gram.to(at::kDouble)) * w).sum()).item<double>() / p.constant;
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
    EXPECT_LT(result.after, 0.5 * result.before);
    EXPECT_LT(result.after, 3 * best + 1e-4) << "nearest " << result.before << ", best " << best;
}

TEST(LearnedRounding, TakesNeighboursOnTheGridAndNeverGetsWorse) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        const RoundingProblem p = problemOf(16, 36, 10 * seed);
        const RoundingResult result = learnRounding(p, {});
        EXPECT_LT(result.after, 0.7 * result.before) << seed;
        EXPECT_TRUE(at::equal(result.codes, result.codes.round()));
        EXPECT_LE((result.codes - p.weight / p.scale).abs().max().item<double>(), 1);
        const RoundingResult again = learnRounding(p, {});
        EXPECT_TRUE(at::equal(result.codes, again.codes));
        EXPECT_LE(learnRounding(p, {1, 0.01}).after, result.before);
    }
}

TEST(ConvSamples, AreWhatTheConvolutionReadAndMade) {
    for (const auto& [groups, stride, padding] : {std::tuple{int64_t{1}, int64_t{1}, int64_t{1}}, {int64_t{2}, int64_t{2}, int64_t{0}}}) {
        const Conv2d conv{{stride, stride}, {padding, padding}, {1, 1}, groups};
        const at::Tensor x = randomTensor({2, 4, 9, 8}, 1).contiguous(at::MemoryFormat::ChannelsLast), w = randomTensor({6, 4 / groups, 3, 3}, 2);
        const at::Tensor y = at::conv2d(x, w, {}, conv.stride, conv.padding, conv.dilation, groups);
        const ConvSamples samples(conv, y.sizes().vec(), 7, 3);
        const at::Tensor made = at::bmm(w.reshape({groups, 6 / groups, -1}), samples.columns(x, 3, 3));
        EXPECT_LE(test::maxDifference(made, samples.results(y)), 1e-5);
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
    static at::Tensor images(uint64_t seed) { return randomTensor({4, 3, 64, 64}, seed, 0, 1); }
    void run() {
        graph = original.clone(true);
        set.emplace(graph, resolvePlan(graph, config));
        int given = 0;
        calibrate(original, graph, *set, [&] { return given++ < 1 ? images(1) : at::Tensor(); }, [](int64_t) {}, CancelToken());
        repairs = repairLayers(original, graph, *set, images(1), config.repair, 5, CancelToken(), [](int64_t, int64_t) {});
        verify(graph);
    }
    double errorAt(const std::string& layer, uint64_t seed) const {
        const ValueId value = original.node(*original.findNode(layer)).outputs.front();
        const auto results = [&](const Graph& network) { return Executor(network, {.outputs = {"head.0"}, .values = {value}}).run(images(seed)).back(); };
        const at::Tensor exact = results(original);
        return ((results(graph) - exact).square().sum() / exact.square().sum()).item<double>();
    }
    at::Tensor meanError(const std::string& layer, uint64_t seed) const {
        const ValueId value = original.node(*original.findNode(layer)).outputs.front();
        const auto mean = [&](const Graph& network) { return Executor(network, {.outputs = {"head.0"}, .values = {value}}).run(images(seed)).back().mean({0, 2, 3}); };
        return (mean(graph) - mean(original)).abs().mean();
    }
};

TEST_F(RepairedDetector, CorrectedBiasesTakeTheMeanErrorOutOfEveryLayer) {
    run();
    const double before = meanError("model.3.conv", 1).item<double>(), error = errorAt("model.3.conv", 2);
    EXPECT_TRUE(std::ranges::all_of(repairs, [](const LayerRepair& r) { return r.before == r.after; })) << "nothing asked for, nothing done";
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
        EXPECT_TRUE(at::allclose(fakeQuantize(op, weight, *graph.value(q.scale).data, *graph.value(q.zeroPoint).data), weight, 1e-5, 1e-7)) << q.name;
    }
}

TEST_F(RepairedDetector, SameSeedSameBits) {
    config.repair.adaround = config.repair.biasCorrection = true;
    config.repair.adaroundIterations = 10;
    run();
    const Graph first = graph.clone(true);
    run();
    for (const ValueId id : graph.storedValues()) EXPECT_TRUE(at::equal(*first.value(id).data, *graph.value(id).data)) << graph.value(id).name;
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
