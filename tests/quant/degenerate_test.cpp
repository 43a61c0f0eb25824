// Calibration on values that say nothing: every method, of tensors and of channels, names the layer and keeps a scale
// that works.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "ops/fake_quantize.h"
#include "quant/calibrate.h"
#include "support/tensors.h"

namespace qat {
namespace {

struct Case {
    CalibrationMethod method;
    Scheme scheme;
};

const char* nameOf(CalibrationMethod method) {
    constexpr const char* kNames[] = {"minmax", "histogram", "percentile", "entropy", "mse", "sqnr"};
    return kNames[static_cast<int>(method)];
}

// Two convolutions with a SiLU between them.
struct Degenerate : testing::TestWithParam<Case> {
    Graph original, graph;
    Config config;
    std::optional<QuantizerSet> set;
    CalibrationResult result;

    Degenerate() {
        const ValueId images = original.addInput("images", {1, 3, 8, 8});
        const auto conv = [&](const std::string& name, ValueId x, int64_t outputs, int64_t inputs) {
            const at::Tensor weight = test::randomTensor({outputs, inputs, 3, 3}, 7, -0.3, 0.3);
            const ValueId w =
                original.addParameter(name + ".weight", std::make_shared<at::Tensor>(weight), weight.sizes().vec());
            return original.add(name, Conv2d{{1, 1}, {1, 1}, {1, 1}, 1}, {x, w});
        };
        const ValueId hidden = original.add("act", Activation{ActivationKind::Silu}, {conv("first", images, 5, 3)});
        original.setOutput("head.0", conv("second", hidden, 4, 5));
        config.calibration.method = GetParam().method;
        config.quantization.activation.scheme = GetParam().scheme;
        config.quantization.activation.observer = ObserverKind::MinMax;
    }
    void calibrated(std::vector<at::Tensor> batches) {
        graph = original.clone(true);
        set.emplace(graph, resolvePlan(graph, config));
        size_t given = 0;
        result = calibrate(
            original, graph, *set, [&] { return given < batches.size() ? batches[given++] : at::Tensor(); },
            [](int64_t) {}, CancelToken());
    }
    bool warned(const std::string& text) const {
        return std::ranges::any_of(result.warnings,
                                   [&](const std::string& warning) { return warning.find(text) != std::string::npos; });
    }
    bool perChannel() const { return GetParam().scheme == Scheme::PerChannel; }
    // Every scale is at least the floor, and quantizing with it gives numbers.
    void expectSafeScales() const {
        for (const Quantizer& q : set->all()) {
            const at::Tensor scale = *graph.value(q.scale).data, zero = *graph.value(q.zeroPoint).data;
            EXPECT_GE(scale.min().item<float>(), q.smallestScale()) << q.name;
            EXPECT_TRUE(scale.isfinite().all().item<bool>()) << q.name;
            EXPECT_TRUE(zero.ge(q.grid.qmin).logical_and(zero.le(q.grid.qmax)).all().item<bool>()) << q.name;
            if (q.weight) continue;
            EXPECT_EQ(scale.numel(), perChannel() ? q.observer.range().low.size() : 1u) << q.name;
            const at::Tensor x = test::randomTensor({2, scale.numel() == 1 ? 3 : scale.numel(), 4, 4}, 3, -9, 9);
            EXPECT_TRUE(fakeQuantize(std::get<FakeQuantize>(graph.node(q.nodes.front()).op), x, scale, zero)
                            .isfinite()
                            .all()
                            .item<bool>())
                << q.name;
        }
    }
    static at::Tensor ordinary() { return test::randomTensor({2, 3, 8, 8}, 1, 0, 1); }
};

INSTANTIATE_TEST_SUITE_P(
    EveryMethod, Degenerate,
    testing::Values(
        Case{CalibrationMethod::MinMax, Scheme::PerTensor}, Case{CalibrationMethod::Histogram, Scheme::PerTensor},
        Case{CalibrationMethod::Percentile, Scheme::PerTensor}, Case{CalibrationMethod::Entropy, Scheme::PerTensor},
        Case{CalibrationMethod::Mse, Scheme::PerTensor}, Case{CalibrationMethod::Sqnr, Scheme::PerTensor},
        Case{CalibrationMethod::MinMax, Scheme::PerChannel}, Case{CalibrationMethod::Histogram, Scheme::PerChannel},
        Case{CalibrationMethod::Percentile, Scheme::PerChannel}, Case{CalibrationMethod::Entropy, Scheme::PerChannel},
        Case{CalibrationMethod::Mse, Scheme::PerChannel}, Case{CalibrationMethod::Sqnr, Scheme::PerChannel}),
    [](const auto& info) {
        return std::string(nameOf(info.param.method)) +
               (info.param.scheme == Scheme::PerChannel ? "_per_channel" : "_per_tensor");
    });

TEST_P(Degenerate, OrdinaryImagesWarnOfNothing) {
    calibrated({ordinary(), ordinary()});
    EXPECT_TRUE(result.warnings.empty()) << result.warnings.front();
    ASSERT_EQ(result.tensors.size(), 2u);
    for (const TensorCalibration& tensor : result.tensors) {
        EXPECT_EQ(tensor.method, GetParam().method);
        EXPECT_EQ(tensor.channels, !perChannel() ? 0 : tensor.name == "images" ? 3 : 5);
        EXPECT_EQ(tensor.trials.size(), perChannel() ? 1u : 6u);
        EXPECT_GT(tensor.applied.quality.sqnrDb(), 3) << tensor.name;
    }
    expectSafeScales();
}

TEST_P(Degenerate, ZerosAreNamed) {
    calibrated({at::zeros({2, 3, 8, 8})});
    EXPECT_TRUE(warned(perChannel() ? "images: all calibration values of 3 of 3 channels are the same, 0 in channel 0"
                                    : "images: all calibration values are 0"));
    EXPECT_TRUE(
        warned(perChannel() ? "act: all calibration values of 5 of 5 channels" : "act: all calibration values are 0"));
    expectSafeScales();
}

TEST_P(Degenerate, AConstantIsNamedAndItsRangeHoldsIt) {
    for (const float value : {0.5f, -2.0f, 1e-30f, 1e30f}) {
        calibrated({at::full({2, 3, 8, 8}, value)});
        EXPECT_TRUE(warned("images: all calibration values")) << value;
        expectSafeScales();
        const Quantizer& q = *std::ranges::find(set->all(), "images", &Quantizer::name);
        EXPECT_LE(usefulRange(q).low.front(), value);
        EXPECT_GE(usefulRange(q).high.front(), value);
    }
}

TEST_P(Degenerate, ASingleImageIsWarnedOf) {
    calibrated({ordinary().slice(0, 0, 1)});
    EXPECT_TRUE(warned("a single image"));
    EXPECT_EQ(result.warnings.size(), 1u);
    expectSafeScales();
}

TEST_P(Degenerate, OneDeadChannelIsNamed) {
    at::Tensor images = ordinary();
    images.select(1, 1).fill_(0.25);
    calibrated({images});
    EXPECT_EQ(warned("images: all calibration values of 1 of 3 channels are the same, 0.25 in channel 1"),
              perChannel());
    expectSafeScales();
}

// One picture that overflows must not cost the others their ranges.
TEST_P(Degenerate, ABatchThatIsNotFiniteIsLeftOutAndNamed) {
    calibrated({ordinary(), ordinary() * 2});
    const QuantizerSet without = *set;
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        at::Tensor images = ordinary();
        images[1][2][3][4] = bad;
        calibrated({ordinary(), images, ordinary() * 2});
        EXPECT_TRUE(
            warned("images: 1 of 3 batches held NaN or infinite values and were left out; the same of 1 more tensor"))
            << result.warnings.front();
        EXPECT_EQ(result.warnings.size(), 1u);
        for (size_t i = 0; i < set->all().size(); ++i) {
            EXPECT_EQ(usefulRange(set->all()[i]).low, usefulRange(without.all()[i]).low) << set->all()[i].name;
            EXPECT_EQ(usefulRange(set->all()[i]).high, usefulRange(without.all()[i]).high) << set->all()[i].name;
        }
        expectSafeScales();
    }
}

TEST_P(Degenerate, WhatIsNeverFiniteIsNamedAndHasARange) {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        calibrated({at::full({2, 3, 8, 8}, bad), at::full({2, 3, 8, 8}, bad)});
        EXPECT_TRUE(warned("images: 2 of 2 batches held NaN or infinite values")) << result.warnings.front();
        EXPECT_TRUE(
            warned("images: not one value was finite; its range is taken as -1 to 1; the same of 1 more tensor"));
        EXPECT_TRUE(result.tensors.empty()) << "nothing was counted";
        for (const Quantizer& q : set->all()) {
            if (q.weight) continue;
            EXPECT_EQ(usefulRange(q).low.front(), q.name == "act" ? usefulRange(q).low.front() : -1) << q.name;
            EXPECT_EQ(usefulRange(q).high.front(), 1) << q.name;
            EXPECT_EQ(usefulRange(q).high.size(), !perChannel() ? 1u : q.name == "images" ? 3u : 5u);
        }
        expectSafeScales();
    }
}

// A channel's range is what the method makes of its values alone.
TEST_P(Degenerate, ChannelsAreCalibratedOneByOne) {
    if (!perChannel()) return;
    at::Tensor images = test::randomTensor({2, 3, 40, 40}, 1, -1, 1).pow(5);
    images.select(1, 1).mul_(20);
    config.calibration.percentile = 97;
    calibrated({images});
    const Quantizer& q = *std::ranges::find(set->all(), "images", &Quantizer::name);
    const ObservedRange range = usefulRange(q);
    for (int64_t c = 0; c < 3; ++c) {
        StreamingHistogram counts;
        counts.add(images.select(1, c).contiguous());
        const Histogram h = counts.histogram();
        const ClipRange alone = chooseClip(
            coarser(h, 1024), {GetParam().method, 97, q.grid, q.smallestScale(), q.how.calibration.clipWeight});
        EXPECT_NEAR(range.low[static_cast<size_t>(c)], alone.low, 1e-5 * std::abs(alone.low)) << c;
        EXPECT_NEAR(range.high[static_cast<size_t>(c)], alone.high, 1e-5 * std::abs(alone.high)) << c;
    }
}

}  // namespace
}  // namespace qat
