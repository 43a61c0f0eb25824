// What every setting of calibration does to the scales that come out.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "models/yolov8.h"
#include "ops/fake_quantize.h"
#include "passes/fold_batch_norm.h"
#include "quant/calibrate.h"
#include "support/tensors.h"

namespace qat {
namespace {

constexpr const char* kLayer = "model.2.cv2.conv";

struct Methods : testing::Test {
    Random random{0};
    Graph original = buildYolov8("n", 2, random);
    Graph graph;
    Config config;
    std::optional<QuantizerSet> set;
    CalibrationResult result;

    Methods() {
        // As wide as in a trained model, where SiLU's results have tails.
        for (const ValueId id : original.storedValues())
            if (original.value(id).name.ends_with("conv.weight") &&
                !original.value(id).name.ends_with("dfl.conv.weight"))
                original.value(id).data->mul_(2.5);
        config.calibration.method = CalibrationMethod::MinMax;
        config.quantization.activation.observer = ObserverKind::MinMax;
    }
    at::Tensor batch(int index) const {
        return test::randomTensor({2, 3, 64, 64}, 100 + static_cast<uint64_t>(index), 0, 0.2 + 0.2 * index);
    }
    const Quantizer& calibrated(int batches = 2, const char* layer = kLayer) {
        graph = original.clone(true);
        set.emplace(graph, resolvePlan(graph, config));
        int given = 0;
        result = calibrate(
            original, graph, *set, [&] { return given < batches ? batch(given++) : at::Tensor(); }, [](int64_t) {},
            CancelToken());
        return *set->inputOf(*graph.findNode(layer));
    }
    float scale(const Quantizer& q) const { return graph.value(q.scale).data->item<float>(); }
    const TensorCalibration& told(const Quantizer& q) const {
        return *std::ranges::find(result.tensors, q.name, &TensorCalibration::name);
    }
};

TEST_F(Methods, EachChoosesItsOwnRangeFromTheSameValues) {
    const float minmax = scale(calibrated());
    std::map<float, CalibrationMethod> scales{{minmax, CalibrationMethod::MinMax}};
    for (const auto method : {CalibrationMethod::Histogram, CalibrationMethod::Percentile, CalibrationMethod::Entropy,
                              CalibrationMethod::Mse}) {
        config.calibration.method = method;
        config.calibration.percentile = 99;
        const Quantizer& q = calibrated();
        const TensorCalibration& report = told(q);
        EXPECT_EQ(report.method, method);
        EXPECT_TRUE(scales.emplace(scale(q), method).second) << "another method has the same scale";
        EXPECT_LE(scale(q), minmax);
        ASSERT_EQ(report.trials.size(), 6u);
        const MethodTrial& own = *std::ranges::find(report.trials, method, &MethodTrial::method);
        EXPECT_NEAR(scale(q), own.quality.params.scale, 1e-6 * scale(q))
            << "the range that was reported is the one applied";
        EXPECT_NEAR(report.applied.quality.sqnrDb(), own.quality.sqnrDb(), 1e-3);
        EXPECT_EQ(report.low, q.observer.range().low.front());
        for (const MethodTrial& trial : report.trials)
            EXPECT_LE(trial.quality.sqnrDb(),
                      std::ranges::find(report.trials, CalibrationMethod::Mse, &MethodTrial::method)->quality.sqnrDb() +
                          0.05);
    }
}

TEST_F(Methods, MinMaxLeavesTheObserversRangeAsItIs) {
    config.quantization.activation.observer = ObserverKind::MovingAverageMinMax;
    const Quantizer& q = calibrated(3);
    EXPECT_TRUE(q.clipRatios.empty());
    const ObservedRange& range = q.observer.range();
    EXPECT_EQ(scale(q), chooseQParams(range.low.front(), range.high.front(), q.grid, scaleFloor(1e-5, 8)).scale);
    EXPECT_LT(range.high.front(), told(q).high) << "an average is below the extreme";
}

TEST_F(Methods, PercentileCutsMoreTheLowerItIs) {
    config.calibration.method = CalibrationMethod::Percentile;
    float last = std::numeric_limits<float>::infinity();
    for (const double percentile : {100.0, 99.9, 99.0, 90.0}) {
        config.calibration.percentile = percentile;
        const Quantizer& q = calibrated();
        EXPECT_LT(scale(q), last) << percentile;
        last = scale(q);
        EXPECT_NEAR(told(q).applied.quality.clipped, (100 - percentile) / 100, 0.003);
    }
}

TEST_F(Methods, ObserverHistogramSearchesWhenTheMethodLeavesItToTheObserver) {
    config.quantization.activation.observer = ObserverKind::Histogram;
    const float observed = scale(calibrated());
    config.calibration.method = CalibrationMethod::Histogram;
    config.quantization.activation.observer = ObserverKind::MinMax;
    EXPECT_EQ(observed, scale(calibrated()));
    config.quantization.activation.observer = ObserverKind::Histogram;
    config.calibration.method = CalibrationMethod::Percentile;
    config.calibration.percentile = 90;
    EXPECT_EQ(told(calibrated()).method, CalibrationMethod::Percentile) << "a method goes before the observer";
}

TEST_F(Methods, ALayersOwnMethodAndPercentileAct) {
    const float elsewhere = scale(calibrated(2, "model.4.cv1.conv"));
    LayerConfig entry;
    entry.pattern = "model\\.2\\.cv2\\.conv";
    entry.calibration.method = CalibrationMethod::Percentile;
    entry.calibration.percentile = 95;
    config.quantization.layerConfigs = {entry};
    const Quantizer& q = calibrated();
    EXPECT_EQ(told(q).method, CalibrationMethod::Percentile);
    EXPECT_NEAR(told(q).applied.quality.clipped, 0.05, 0.005);
    EXPECT_EQ(scale(*set->inputOf(*graph.findNode("model.4.cv1.conv"))), elsewhere);
}

TEST_F(Methods, ReadersOfOneRangeThatDisagreeAreTold) {
    LayerConfig first, second;
    first.pattern = "model\\.2\\.cv2\\.conv", second.pattern = "model\\.2\\.m\\.0\\.cv1\\.conv";
    first.calibration.method = CalibrationMethod::Mse, second.calibration.method = CalibrationMethod::Entropy;
    config.quantization.layerConfigs = {first, second};
    const QuantPlan plan = resolvePlan(original, config);
    ASSERT_EQ(plan.warnings.size(), 1u);
    EXPECT_NE(plan.warnings[0].find("it is calibrated as that one asks"), std::string::npos) << plan.warnings[0];
    config.quantization.layerConfigs = {second};
    EXPECT_EQ(told(calibrated()).method, CalibrationMethod::Entropy) << "the only wish for a shared range counts";
    EXPECT_TRUE(resolvePlan(original, config).warnings.empty());
}

TEST_F(Methods, ALayersOwnNumberOfBatchesEndsItsObservation) {
    LayerConfig entry;
    entry.pattern = "model\\.2\\.cv2\\.conv";
    entry.calibration.numBatches = 1;
    config.quantization.layerConfigs = {entry};
    const int64_t seen = told(calibrated(3)).values;
    const int64_t elsewhere = told(*set->inputOf(*graph.findNode("model.4.cv1.conv"))).values;
    config.quantization.layerConfigs = {};
    EXPECT_EQ(told(calibrated(3)).values, 3 * seen);
    EXPECT_EQ(told(*set->inputOf(*graph.findNode("model.4.cv1.conv"))).values, elsewhere);
}

TEST_F(Methods, CustomMinMaxKeepsWithinItsBounds) {
    const float free = calibrated().observer.range().high.front();
    TensorQuantConfig& activation = config.quantization.activation;
    activation.observer = ObserverKind::CustomMinMax;
    activation.max = 0.25 * free;
    EXPECT_FLOAT_EQ(usefulRange(calibrated()).high.front(), 0.25f * free);
    activation.max = 100 * free;
    const Quantizer& q = calibrated(1);
    EXPECT_EQ(usefulRange(q).high.front(), q.observer.range().high.front()) << "a bound beyond the values";
    activation.min = -0.1;
    EXPECT_FLOAT_EQ(usefulRange(calibrated()).low.front(), -0.1f);
    activation.fixed = true;
    const ObservedRange fixed = usefulRange(calibrated());
    EXPECT_FLOAT_EQ(fixed.low.front(), -0.1f);
    EXPECT_FLOAT_EQ(fixed.high.front(), 100 * free);
    activation.max.reset();
    EXPECT_THROW(calibrated(), Error);
    activation.fixed = false, activation.max = -3;
    EXPECT_THROW(calibrated(), Error);
}

TEST_F(Methods, CustomMinMaxWithoutBoundsAveragesAboveTheSiluMinimum) {
    config.quantization.activation.observer = ObserverKind::MovingAverageMinMax;
    const char* behindSilu = "model.1.conv";
    const float averaged = scale(calibrated(3, behindSilu));
    config.quantization.activation.observer = ObserverKind::CustomMinMax;
    const Quantizer& q = calibrated(3, behindSilu);
    EXPECT_EQ(scale(q), averaged);
    ASSERT_TRUE(q.floor.has_value());
    EXPECT_FLOAT_EQ(*q.floor, -0.2785f);
    Quantizer lower = q;
    lower.observer.restore({{-2}, {3}});
    EXPECT_FLOAT_EQ(usefulRange(lower).low.front(), -0.2785f);
    EXPECT_FALSE(set->inputOf(*graph.findNode("model.0.conv"))->floor.has_value()) << "the image";
}

TEST_F(Methods, WeightsWithHistogramObserversAreClippedAndStayClippedAlike) {
    const NodeId layer = *original.findNode("model.3.conv");
    at::Tensor weight = *original.value(original.node(layer).inputs[1]).data;
    for (int64_t i = 0; i < weight.numel(); ++i) weight.data_ptr<float>()[i] = static_cast<float>(random.normal());
    weight[5] = 0.0f;
    config.quantization.weight.bitWidth = 3;
    const auto error = [&] {
        const Quantizer& q = *set->weightOf(layer);
        const FakeQuantize& op = std::get<FakeQuantize>(graph.node(q.nodes.front()).op);
        const at::Tensor w = *graph.value(q.observed.front()).data;
        return (fakeQuantize(op, w, *graph.value(q.scale).data, *graph.value(q.zeroPoint).data) - w)
            .norm()
            .item<double>();
    };
    calibrated();
    const at::Tensor plain = graph.value(set->weightOf(layer)->scale).data->clone();
    const double plainError = error();
    config.quantization.weight.observer = ObserverKind::Histogram;
    calibrated();
    const Quantizer& q = *set->weightOf(layer);
    const at::Tensor searched = graph.value(q.scale).data->clone();
    EXPECT_LT(searched.mean().item<float>(), 0.95f * plain.mean().item<float>());
    EXPECT_LT(error(), plainError);
    EXPECT_FLOAT_EQ(searched[5].item<float>(), 1e-5f) << "a channel of zeros";
    graph.value(q.observed.front()).data->mul_(2);
    set->followWeights(graph);
    EXPECT_LT(test::relativeDifference((*graph.value(q.scale).data)[2], 2 * searched[2]), 1e-6) << "the shares stay";
}

TEST_F(Methods, RangesInFrontOfAnActivationEndAtItsFloor) {
    foldBatchNorm(original);
    config.qat.fusionPatterns = {{".", {"conv", "bn"}, "fuse"}};
    for (const auto method : {CalibrationMethod::MinMax, CalibrationMethod::Mse, CalibrationMethod::Percentile}) {
        config.calibration.method = method;
        calibrated();
        int checked = 0;
        for (const Quantizer& q : set->all()) {
            if (!q.before) continue;
            EXPECT_GE(usefulRange(q).low.front(), -6.0f) << q.name;
            ++checked;
        }
        EXPECT_GT(checked, 40);
    }
}

TEST_F(Methods, ChannelsOfActivationsAreCalibratedByTheMethodToo) {
    LayerConfig entry;
    entry.pattern = "model\\.1\\.conv";
    entry.activation.scheme = Scheme::PerChannel;
    config.quantization.layerConfigs = {entry};
    const auto scalesBy = [&](CalibrationMethod method) {
        config.calibration.method = method;
        const Quantizer& q = calibrated(2, "model.1.conv");
        EXPECT_EQ(told(q).channels, 16);
        return graph.value(q.scale).data->clone();
    };
    const at::Tensor minmax = scalesBy(CalibrationMethod::MinMax);
    ASSERT_EQ(minmax.numel(), 16);
    config.calibration.percentile = 99;
    for (const auto method : {CalibrationMethod::Percentile, CalibrationMethod::Entropy, CalibrationMethod::Mse}) {
        const at::Tensor scales = scalesBy(method);
        EXPECT_TRUE(scales.le(minmax * 1.0001f).all().item<bool>()) << "within what was seen";
        EXPECT_GT(scales.lt(0.99f * minmax).sum().item<int64_t>(), 4) << "most channels have tails to cut off";
    }
    EXPECT_TRUE(result.warnings.empty());
}

TEST_F(Methods, ImagesOfOneColourGiveSafeScalesAndAWarning) {
    for (const auto method : {CalibrationMethod::Histogram, CalibrationMethod::Percentile, CalibrationMethod::Entropy,
                              CalibrationMethod::Mse}) {
        config.calibration.method = method;
        graph = original.clone(true);
        set.emplace(graph, resolvePlan(graph, config));
        int given = 0;
        result = calibrate(
            original, graph, *set,
            [&] {
                return given++ ? at::Tensor() : at::zeros({1, 3, 64, 64});
            },
            [](int64_t) {}, CancelToken());
        const auto warned = [&](const char* text) {
            return std::ranges::any_of(result.warnings,
                                       [&](const std::string& w) { return w.find(text) != std::string::npos; });
        };
        EXPECT_TRUE(warned("images: all calibration values are 0"));
        EXPECT_TRUE(warned("a single image"));
        for (const Quantizer& q : set->all())
            EXPECT_GE(graph.value(q.scale).data->min().item<float>(), 9e-6f) << q.name;
    }
}

}  // namespace
}  // namespace qat
