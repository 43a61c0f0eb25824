// Every type of numbers from the configuration to the quantizers of a detector, and the form in which it is measured.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "models/yolov8.h"
#include "ops/fake_quantize.h"
#include "passes/canonicalize_quantizers.h"
#include "passes/fold_batch_norm.h"
#include "passes/pipeline.h"
#include "quant/calibrate.h"
#include "run/executor.h"
#include "support/tensors.h"

namespace qat {
namespace {

struct NumberTypes : testing::Test {
    Random random{0};
    Graph original = buildYolov8("n", 2, random);
    Graph graph;
    Config config;
    std::optional<QuantizerSet> set;
    CalibrationResult calibration;

    void SetUp() override { foldBatchNorm(original); }
    void quantize() {
        graph = original.clone(true);
        set.emplace(graph, resolvePlan(graph, config));
        int given = 0;
        calibration = calibrate(
            original, graph, *set, [&] { return given++ < 2 ? images(static_cast<uint64_t>(given)) : at::Tensor(); },
            [](int64_t) {}, CancelToken());
    }
    static at::Tensor images(uint64_t seed) { return test::randomTensor({2, 3, 64, 64}, seed, 0, 1); }
    const Quantizer& weight() const { return *set->weightOf(*graph.findNode("model.3.conv")); }
    const Quantizer& input() const { return *set->inputOf(*graph.findNode("model.3.conv")); }
    const FakeQuantize& opOf(const Quantizer& q) const {
        return std::get<FakeQuantize>(graph.node(q.nodes.front()).op);
    }
    at::Tensor data(ValueId id) const { return graph.value(id).data->detach(); }
    at::Tensor weightCodes() const {
        const Quantizer& q = weight();
        return quantizedCodes(opOf(q), data(q.observed.front()), data(q.scale), data(q.zeroPoint));
    }
    static std::vector<at::Tensor> run(const Graph& graph) {
        return Executor(graph, {.outputs = {"head.0", "head.1", "head.2"}}).run(images(9));
    }
    template <class Kind>
    static int64_t count(const Graph& graph) {
        return std::ranges::count_if(graph.order(),
                                     [&](NodeId id) { return std::holds_alternative<Kind>(graph.node(id).op); });
    }
    void binaryActivations() {
        config.quantization.activation.dtype = DType::QInt8;
        config.quantization.activation.symmetric = true;
        config.quantization.layerConfigs = {
            LayerConfig{}};  // also of the image and the head, which have eight bits by themselves
        config.quantization.layerConfigs[0].pattern = ".*";
        config.quantization.layerConfigs[0].activation.bitWidth = 1;
    }
    at::Tensor early(const Graph& graph) const {
        const ValueId value = original.node(*original.findNode("model.1.conv")).outputs.front();
        return Executor(graph, {.outputs = {"head.0"}, .values = {value}}).run(images(9)).back();
    }
    // The inference form computes what the simulation does where nothing lies on bytes.
    void expectLeftAlone() {
        const Graph lowered = integerForm(graph);
        EXPECT_EQ(count<IntegerConv2d>(lowered), 0);
        EXPECT_EQ(count<FakeQuantize>(lowered), count<FakeQuantize>(graph));
        const auto simulated = run(graph), measured = run(lowered);
        for (size_t i = 0; i < simulated.size(); ++i) EXPECT_TRUE(at::equal(simulated[i], measured[i])) << i;
    }
};

TEST_F(NumberTypes, EveryWidthFillsItsCodes) {
    for (const int bits : {1, 2, 3, 4, 7, 8, 9, 16}) {
        config.quantization.weight.bitWidth = config.quantization.activation.bitWidth = bits;
        quantize();
        const at::Tensor codes = weightCodes();
        const double most = bits == 1 ? 1 : std::ldexp(1.0, bits - 1) - 1;
        EXPECT_EQ(codes.max().item<double>(), most) << bits;
        EXPECT_EQ(codes.min().item<double>(), -most) << bits;
        EXPECT_EQ(input().grid.qmax, (int64_t{1} << bits) - 1);
        for (const at::Tensor& head : run(graph)) EXPECT_TRUE(head.isfinite().all().item<bool>()) << bits;
    }
}

TEST_F(NumberTypes, BinaryWeightsHaveTheMeanMagnitudeOfTheirChannelAndFollowIt) {
    config.quantization.weight.bitWidth = 1;
    quantize();
    const at::Tensor w = data(weight().observed.front());
    EXPECT_LE(test::relativeDifference(data(weight().scale), w.abs().reshape({w.size(0), -1}).mean(1)), 1e-6);
    EXPECT_TRUE(at::equal(weightCodes(), at::where(w.lt(0), at::full({1}, -1.0f), at::full({1}, 1.0f))));
    const at::Tensor before = data(weight().scale).clone();
    w.mul_(0.5);
    set->followWeights(graph);
    EXPECT_LE(test::relativeDifference(data(weight().scale), before * 0.5), 1e-6);
    EXPECT_EQ(count<IntegerConv2d>(integerForm(graph)), 63) << "signs are whole numbers";
}

TEST_F(NumberTypes, BinaryActivationsAreCalibratedToTheirMeanMagnitude) {
    binaryActivations();
    quantize();
    ASSERT_EQ(input().grid.format, NumberFormat::Binary);
    at::Tensor seen;
    Executor reference(original, {.outputs = {"head.0"}});
    reference.setHook([&](ValueId id, const at::Tensor& value) {
        if (id == input().observed.front()) seen = value.clone();
    });
    at::Tensor all;
    for (uint64_t i = 1; i <= 2; ++i) {
        reference.run(images(i));
        all = all.defined() ? at::cat({all, seen}) : seen;
    }
    EXPECT_NEAR(data(input().scale).item<double>(), all.abs().mean().item<double>(),
                0.01 * all.abs().mean().item<double>());
    expectLeftAlone();
}

TEST_F(NumberTypes, GroupsOfInputsHaveTheirOwnScales) {
    config.quantization.weight.scheme = Scheme::PerGroup;
    config.quantization.weight.groupSize = 32;
    config.quantization.weight.bitWidth = 4;
    quantize();
    const at::Tensor w = data(weight().observed.front());
    EXPECT_EQ(opOf(weight()).group, 32);
    EXPECT_EQ(data(weight().scale).numel(), w.size(0) * 9) << "288 inputs";
    EXPECT_LE(test::relativeDifference(data(weight().scale), std::get<0>(w.reshape({-1, 32}).abs().max(1)) / 7), 1e-6);
    const double grouped =
        (weightCodes() * spreadOver(opOf(weight()), w, data(weight().scale)) - w).square().sum().item<double>();
    const Graph lowered = integerForm(graph);
    EXPECT_EQ(count<IntegerConv2d>(lowered), 0);
    EXPECT_EQ(count<FakeQuantize>(lowered), 63) << "the weights; activations are bytes";
    config.quantization.weight.scheme = Scheme::PerChannel;
    quantize();
    EXPECT_LT(grouped,
              (weightCodes() * spreadOver(opOf(weight()), w, data(weight().scale)) - w).square().sum().item<double>());
}

TEST_F(NumberTypes, FloatingPointWeightsAndActivationsStayWhatTheyAre) {
    const at::Tensor exact = early(original);
    double last = 1;
    for (const DType type : {DType::Float8E5m2, DType::Float8E4m3, DType::Float16}) {
        config.quantization.weight.dtype = config.quantization.activation.dtype = type;
        quantize();
        EXPECT_EQ(input().how.tensor.bitWidth, floatBits(type)) << "the width is the type's";
        const double error = test::relativeDifference(early(graph), exact);
        EXPECT_LT(error, last) << "more digits, less error";
        last = error;
        expectLeftAlone();
        EXPECT_EQ(data(weight().scale).eq(1).all().item<bool>(), type == DType::Float16)
            << "only the half format is not scaled";
    }
    EXPECT_LT(last, 2e-3);
}

TEST_F(NumberTypes, PowersOfTwoReachWeightsAndActivations) {
    config.quantization.fakeQuantize.scaleType = ScaleKind::PowerOfTwo;
    quantize();
    for (const Quantizer& q : set->all()) {
        const at::Tensor exponents = plainScales(opOf(q), data(q.scale)).log2();
        EXPECT_TRUE(at::equal(exponents, exponents.round())) << q.name;
    }
    canonicalizeQuantizers(graph);
    const auto chosen = std::ranges::find(calibration.tensors, input().name, &TensorCalibration::name);
    EXPECT_EQ(data(input().scale).item<float>(), chosen->applied.quality.params.scale)
        << "calibration chose among powers of two";
}

TEST_F(NumberTypes, SettledQuantizersComputeTheSame) {
    config.qat.useLsq = true;
    config.quantization.fakeQuantize.learnOffset = true;
    config.quantization.fakeQuantize.scaleType = ScaleKind::Log2;
    quantize();
    EXPECT_EQ(graph.value(input().zeroPoint).kind, ValueKind::Parameter) << "learned";
    EXPECT_EQ(graph.value(weight().zeroPoint).kind, ValueKind::Buffer) << "symmetric: nothing to learn";
    graph.value(input().zeroPoint).data->add_(0.4);
    const auto before = run(graph);
    EXPECT_EQ(canonicalizeQuantizers(graph), count<FakeQuantize>(graph));
    EXPECT_EQ(canonicalizeQuantizers(graph), 0);
    const auto after = run(graph);
    for (size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(at::equal(before[i], after[i]));
    EXPECT_EQ(std::fmod(data(input().zeroPoint).item<float>(), 1.0f), 0.0f);
}

TEST_F(NumberTypes, WideRangesKeepTheLowestCode) {
    quantize();
    EXPECT_EQ(weight().grid.qmin, -127);
    config.quantization.weight.narrowRange = false;
    quantize();
    EXPECT_EQ(weight().grid.qmin, -128);
    EXPECT_GE(weightCodes().min().item<double>(), -128);
}

TEST_F(NumberTypes, WeightObserversSearchEachChannel) {
    config.quantization.weight.bitWidth = 3;
    quantize();
    const at::Tensor w = data(weight().observed.front());
    const auto error = [&] {
        return (weightCodes() * spreadOver(opOf(weight()), w, data(weight().scale)) - w).square().sum().item<double>();
    };
    const double all = error();
    config.quantization.weight.observer = ObserverKind::Mse;
    quantize();
    EXPECT_LT(error(), all) << "least squared error";
    const double least = error();
    for (const ObserverKind kind : {ObserverKind::Percentile, ObserverKind::Entropy, ObserverKind::Histogram}) {
        config.quantization.weight.observer = kind;
        config.calibration.percentile = 95;
        quantize();
        EXPECT_GE(error(), least * 0.999) << static_cast<int>(kind);
    }
}

TEST_F(NumberTypes, ChannelRangesOfUnequalSourcesFallBackToOneRangeWithAWarning) {
    config.quantization.activation.scheme = Scheme::PerChannel;
    const QuantPlan plan = resolvePlan(original, config);
    const auto tensorWide = [](const ActivationGroup& group) { return group.how.tensor.scheme == Scheme::PerTensor; };
    const auto count = std::ranges::count_if(plan.groups, tensorWide);
    EXPECT_GT(count, 0);
    EXPECT_LT(count, static_cast<int64_t>(plan.groups.size()));
    EXPECT_EQ(static_cast<int64_t>(plan.warnings.size()), count);
    EXPECT_NE(plan.warnings.front().find("channels: the range is one for the whole tensor"), std::string::npos)
        << plan.warnings.front();
    quantize();
    for (const at::Tensor& head : run(graph)) EXPECT_TRUE(head.isfinite().all().item<bool>());
}

TEST_F(NumberTypes, ShiftedNegativeValuesNeedHalfTheStep) {
    config.quantization.activation.symmetric = true;
    config.quantization.activation.dtype = DType::QInt8;
    quantize();
    const float symmetric = data(input().scale).item<float>();
    config.repair.shiftNegative = true;
    quantize();
    EXPECT_EQ(input().grid, (QuantGrid{8, 0, 255, false}));
    EXPECT_LT(data(input().scale).item<float>(), symmetric);
    EXPECT_GT(data(input().zeroPoint).item<float>(), 0);
    EXPECT_TRUE(set->inputOf(*graph.findNode("model.0.conv"))->grid.symmetric) << "the image stands after no SiLU";
}

TEST_F(NumberTypes, ClippingCountsMoreTheHeavierItIs) {
    config.calibration.method = CalibrationMethod::Sqnr;
    config.quantization.activation.bitWidth = 3;
    double last = 0;
    for (const double weight : {0.1, 1.0, 10.0, 1000.0}) {
        config.calibration.clipWeight = weight;
        quantize();
        double steps = 0;
        for (const TensorCalibration& tensor : calibration.tensors) steps += tensor.applied.quality.params.scale;
        EXPECT_GT(steps, last) << weight;
        last = steps;
    }
}

}  // namespace
}  // namespace qat
