// What a network's own description says of its quantizers: it overrides sections and policies, patterns override it,
// and it goes with the graph's text.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "models/module_builder.h"
#include "ops/fake_quantize.h"
#include "quant/quantizer_set.h"
#include "support/tensors.h"

namespace qat {
namespace {

DeclaredQuantizer ofWeight(const std::string& node, int64_t bits, DeclaredRange range = DeclaredRange::Observed) {
    DeclaredQuantizer made{.node = node, .weight = true, .bits = bits, .perChannel = true, .range = range};
    made.reason = "row 0, Sample";
    return made;
}
DeclaredQuantizer ofResult(const std::string& node, int64_t bits, bool isSigned, bool narrow, DeclaredRange range,
                           double threshold) {
    DeclaredQuantizer made{.node = node, .bits = bits, .isSigned = isSigned, .narrow = narrow, .range = range};
    made.reason = "row 1, Sample";
    stateThreshold(made, threshold);
    return made;
}

// images -> first -> pool -> second -> tail (HardTanh), which nothing reads; x + skip feeds third.
Graph sample() {
    Graph graph;
    Random random(1);
    ModuleBuilder b(graph, &random);
    b.setActivation({ActivationKind::Relu});
    const ValueId image = graph.addInput("images", {1, 3, 16, 16});
    b.setChannels(image, 3);
    const ValueId first = b.pool("pool", b.conv("first", image, 8, 3), PoolKind::Max, 2, 2, 0);
    const ValueId skip = graph.add("skip", Activation{ActivationKind::Identity}, {first});
    b.setChannels(skip, 8, 2);
    const ValueId sum = b.add("sum", skip, b.conv("second", first, 8, 3));
    const ValueId third = b.conv("third", sum, 4, 1, 1, 1, false);
    graph.setOutput("out", graph.add("tail", Activation{ActivationKind::HardTanh}, {third}));
    using enum DeclaredRange;
    graph.declared = {ofResult("images", 8, false, false, Constant, 1),
                      ofWeight("first.conv", 8),
                      ofResult("first.act", 3, false, false, Learned, 6),
                      ofWeight("second.conv", 4),
                      ofResult("skip", 4, true, false, Learned, 10),
                      ofResult("second.act", 2, false, false, Learned, 6),
                      ofWeight("third.conv", 1, Constant),
                      ofResult("tail", 8, true, true, Constant, 1)};
    graph.declared[6].low = -1, graph.declared[6].high = 1;
    return graph;
}

struct Declared : testing::Test {
    Graph graph = sample();
    Config config;
    const WeightPlan& weight(const QuantPlan& plan, const char* layer) {
        return *plan.weightOf(*graph.findNode(layer));
    }
    const Quantizer& quantizer(const QuantizerSet& set, std::string_view name) {
        return *std::ranges::find(set.all(), name, &Quantizer::name);
    }
    double scaleOf(const Graph& quantized, const Quantizer& q) {
        const double held = quantized.value(q.scale).data->item<double>();
        return q.how.fakeQuantize.scaleType == ScaleKind::Log2 ? std::exp2(held) : held;
    }
};

TEST_F(Declared, WidthsAndRangesAreThoseOfTheDescription) {
    config.quantization.weight.bitWidth = 5;
    const QuantPlan plan = resolvePlan(graph, config);
    EXPECT_EQ(weight(plan, "first.conv").how.tensor.bitWidth, 8);
    EXPECT_EQ(weight(plan, "second.conv").how.tensor.bitWidth, 4);
    EXPECT_EQ(weight(plan, "second.conv").how.origin, "row 0, Sample");
    const auto& values = plan.values.at(*graph.findNode("second.conv"));
    EXPECT_EQ(values.at("config.activation.bit_width").value, "3") << "past the pooling";
    EXPECT_EQ(values.at("config.activation.bit_width").origin, "row 1, Sample");
    EXPECT_EQ(values.at("fake_quantize.scale_type").value, "log2");
    EXPECT_EQ(plan.groupRead(*graph.findNode("third.conv"))->how.tensor.bitWidth, 8) << "the sum is as configured";
    EXPECT_EQ(plan.declared.size(), 3u);
}

TEST_F(Declared, StatedRangesNeedNoImages) {
    Graph quantized = graph.clone(true);
    const QuantizerSet set(quantized, resolvePlan(quantized, config));
    EXPECT_FLOAT_EQ(scaleOf(quantized, quantizer(set, "images")), 1.0 / 255);
    const Quantizer& first = quantizer(set, "first.act");
    EXPECT_FLOAT_EQ(scaleOf(quantized, first), 6.0 / 7);
    EXPECT_EQ(quantized.value(first.scale).kind, ValueKind::Parameter) << "it is learned";
    EXPECT_EQ(quantized.value(first.zeroPoint).data->item<float>(), 0);
    const Quantizer& skip = quantizer(set, "skip");
    EXPECT_EQ(skip.grid, (QuantGrid{4, -8, 7, true}));
    EXPECT_FLOAT_EQ(scaleOf(quantized, skip), 10.0 / 8);
    EXPECT_FLOAT_EQ(scaleOf(quantized, quantizer(set, "second.act")), 6.0 / 3) << "addends keep their own grids";
    const Quantizer& tail = quantizer(set, "tail");
    EXPECT_EQ(tail.grid, (QuantGrid{8, -127, 127, true})) << "no layer reads it";
    EXPECT_FLOAT_EQ(scaleOf(quantized, tail), 1.0 / 127);
}

TEST_F(Declared, WeightsOfOneBitAreSignsOfScaleOne) {
    Graph quantized = graph.clone(true);
    const QuantizerSet set(quantized, resolvePlan(quantized, config));
    const Quantizer& third = quantizer(set, "third.conv.weight");
    EXPECT_EQ(third.grid.format, NumberFormat::Binary);
    EXPECT_TRUE(at::equal(*quantized.value(third.scale).data, at::ones({4})));
    const Quantizer& second = quantizer(set, "second.conv.weight");
    const at::Tensor largest = graph.value(*graph.findValue("second.conv.weight")).data->abs().amax({1, 2, 3});
    EXPECT_TRUE(at::allclose(*quantized.value(second.scale).data, largest / 7, 1e-6, 0));
}

// What quantizers of each width make of numbers, against the definitions.
class Widths : public testing::TestWithParam<int> {
protected:
    const int bits = GetParam();
    Graph quantized = sample();

    at::Tensor through(const QuantizerSet& set, std::string_view name, const at::Tensor& x) const {
        const Quantizer& q = *std::ranges::find(set.all(), name, &Quantizer::name);
        const auto& op = std::get<FakeQuantize>(quantized.node(q.nodes.front()).op);
        return fakeQuantize(op, x, *quantized.value(q.scale).data, *quantized.value(q.zeroPoint).data);
    }
};

TEST_P(Widths, AreThoseOfTheDefinitions) {
    const auto codes = static_cast<double>(int64_t{1} << bits);
    const bool sign = bits == 1;
    quantized.declared = {
        ofWeight("second.conv", bits, sign ? DeclaredRange::Constant : DeclaredRange::Observed),
        ofResult("first.act", bits, sign, sign, sign ? DeclaredRange::Constant : DeclaredRange::Learned, sign ? 1 : 6)};
    if (sign) stateThreshold(quantized.declared[0], 1);
    const QuantizerSet set(quantized, resolvePlan(quantized, Config{}));
    const at::Tensor w = *quantized.value(*quantized.findValue("second.conv.weight")).data,
                     x = test::randomTensor({1, 8, 4, 4}, 3, -2, 8);
    const at::Tensor signs = [](const at::Tensor& t) {
        return at::where(t.lt(0), -at::ones_like(t), at::ones_like(t));
    }(w);
    const at::Tensor step = w.abs().amax({1, 2, 3}, true) / (codes / 2 - 1);
    const at::Tensor weights = sign ? signs : at::round(w / step).clamp(1 - codes / 2, codes / 2 - 1) * step;
    EXPECT_LE(test::maxDifference(through(set, "second.conv.weight", w), weights), 1e-6);
    const double scale = 6 / (codes - 1);
    const at::Tensor results = sign ? at::where(x.lt(0), -at::ones_like(x), at::ones_like(x))
                                    : at::round(x / scale).clamp(0, codes - 1) * scale;
    EXPECT_LE(test::maxDifference(through(set, "first.act", x), results), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Declared, Widths, testing::Range(1, 9));

TEST_F(Declared, PatternsComeBeforeItAndTheSwitchTurnsItOff) {
    LayerConfig& entry = config.quantization.layerConfigs.emplace_back();
    entry.pattern = "second";
    entry.weight.bitWidth = 6, entry.activation.bitWidth = 7;
    config.qat.useMixedPrecision = true;
    const QuantPlan plan = resolvePlan(graph, config);
    EXPECT_EQ(weight(plan, "second.conv").how.tensor.bitWidth, 6);
    EXPECT_EQ(plan.groupRead(*graph.findNode("second.conv"))->how.tensor.bitWidth, 7);
    config.quantization.layerConfigs.clear();
    config.quantization.asDeclared = false;
    const QuantPlan plain = resolvePlan(graph, config);
    for (const WeightPlan& each : plain.weights) EXPECT_EQ(each.how.tensor.bitWidth, 8);
    EXPECT_TRUE(plain.declared.empty());
    EXPECT_TRUE(std::ranges::none_of(plain.groups, [](const ActivationGroup& each) { return each.name == "tail"; }));
}

TEST_F(Declared, GoesWithTheTextOfTheGraph) {
    const std::string text = dumpGraph(graph);
    EXPECT_NE(text.find("quantizer first.act result bits=3 signed=false narrow=false per_channel=false range=learned "
                        "low=0 high=6 row 1, Sample\n"),
              std::string::npos);
    EXPECT_EQ(parseGraph(text).declared, graph.declared);
    EXPECT_EQ(dumpGraph(parseGraph(text)), text);
    std::string bad = text;
    bad.replace(bad.find("bits=3"), 6, "bits=9");
    EXPECT_THROW((void)parseGraph(bad), Error);
    bad.replace(bad.find("bits=9"), 6, "bats=3");
    EXPECT_THROW((void)parseGraph(bad), Error);
}

TEST_F(Declared, FoldedBatchNormsAreWarnedOf) {
    EXPECT_EQ(resolvePlan(graph, config).warnings.size(), 1u);
    config.qat.fuseModules = false;
    EXPECT_TRUE(resolvePlan(graph, config).warnings.empty());
}

}  // namespace
}  // namespace qat
