// What concatenations and additions do to the grids of what they join, by hand on two tensors of different range.
#include "quant/scale_groups.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "export/sketch.h"
#include "ops/integer_ops.h"
#include "passes/pipeline.h"
#include "quant/calibrate.h"
#include "run/executor.h"
#include "support/tensors.h"

namespace qat {
namespace {

using test::Sketch;

ValueId pointwise(Sketch& sketch, const std::string& name, ValueId x, int64_t in, float factor) {
    const at::Tensor weight = factor * at::eye(3, in);
    const std::vector<float> numbers(weight.data_ptr<float>(), weight.data_ptr<float>() + weight.numel());
    return sketch.graph.add(name, Conv2d{}, {x, sketch.numbers(name + ".weight", {3, in, 1, 1}, numbers)});
}

// Of pictures in [0, 1]: a = -x, b = 8 x, c reads what joins them, d reads b alone.
Graph joinOf(const Op& op) {
    Sketch sketch({1, 3, 4, 4});
    const ValueId a = pointwise(sketch, "a", sketch.input(), 3, -1), b = pointwise(sketch, "b", sketch.input(), 3, 8);
    const ValueId joined = sketch.graph.add("join", op, {a, b});
    sketch.graph.setOutput("head.0", pointwise(sketch, "c", joined, std::holds_alternative<Concat>(op) ? 6 : 3, 1),
                           OutputRole::RawHead);
    sketch.graph.setOutput("head.1", pointwise(sketch, "d", b, 3, 1), OutputRole::RawHead);
    return sketch.finish();
}

struct Joins : testing::Test {
    Graph original, graph;
    Config config;
    std::optional<QuantizerSet> set;

    Joins() {
        config.calibration.method = CalibrationMethod::MinMax;
        config.quantization.activation.observer = ObserverKind::MinMax;
    }
    static at::Tensor images() { return at::linspace(0, 1, 48).reshape({1, 3, 4, 4}); }
    void quantize(const Op& op, JoinMode mode) {
        (std::holds_alternative<Concat>(op) ? config.quantization.scaleGroups.concat
                                            : config.quantization.scaleGroups.add) = mode;
        original = joinOf(op);
        graph = original.clone(true);
        set.emplace(graph, resolvePlan(graph, config));
        bool given = false;
        calibrate(
            original, graph, *set, [&] { return std::exchange(given, true) ? at::Tensor() : images(); }, [](int64_t) {},
            CancelToken());
    }
    const Quantizer* quantizerOf(const std::string& value) const {
        for (const Quantizer& q : set->all())
            for (const NodeId node : q.nodes)
                if (graph.value(graph.node(node).inputs[0]).name == value) return &q;
        return nullptr;
    }
    // Steps of 1/255, 0 in float.
    double steps(const std::string& value) const {
        const Quantizer* q = quantizerOf(value);
        return q ? graph.value(q->scale).data->item<double>() * 255 : 0;
    }
    void expectSteps(const std::vector<double>& aBJoin) const {
        const char* const names[] = {"a", "b", "join"};
        for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(steps(names[i]), aBJoin[i], 1e-5) << names[i];
    }
};

TEST_F(Joins, ConcatenationsHaveTheRangesOfTheirMode) {
    quantize(Concat{1}, JoinMode::Output);
    expectSteps({9, 9, 0});
    EXPECT_EQ(quantizerOf("a"), quantizerOf("b"));
    quantize(Concat{1}, JoinMode::Largest);
    expectSteps({8, 8, 0});
    EXPECT_EQ(quantizerOf("a"), quantizerOf("b"));
    quantize(Concat{1}, JoinMode::Requantize);
    expectSteps({1, 8, 9});
}

TEST_F(Joins, AdditionsHaveTheRangesOfTheirMode) {
    const Op add = Binary{BinaryKind::Add};
    quantize(add, JoinMode::Union);
    expectSteps({9, 9, 7});
    quantize(add, JoinMode::Output);
    expectSteps({7, 7, 7});
    EXPECT_EQ(quantizerOf("b"), quantizerOf("join"));
    quantize(add, JoinMode::Largest);
    expectSteps({8, 8, 7});
    quantize(add, JoinMode::Requantize);
    expectSteps({1, 8, 7});
}

TEST_F(Joins, RangesFollowTheMethodOfCalibration) {
    config.calibration.method = CalibrationMethod::Percentile;
    config.calibration.percentile = 90;
    quantize(Concat{1}, JoinMode::Requantize);
    const double b = steps("b");
    EXPECT_LT(b, 8);
    quantize(Concat{1}, JoinMode::Largest);
    EXPECT_EQ(steps("a"), b) << "what b alone would have";
    quantize(Concat{1}, JoinMode::Output);
    EXPECT_NE(steps("a"), b);
}

TEST_F(Joins, SourcesWithoutAReaderHaveTheWidthOfTheResult) {
    config.quantization.layerConfigs = {LayerConfig{}};
    config.quantization.layerConfigs[0].pattern = "^c$";
    config.quantization.layerConfigs[0].activation.bitWidth = 5;
    quantize(Concat{1}, JoinMode::Requantize);
    EXPECT_EQ(quantizerOf("a")->grid.bits, 5);
    EXPECT_TRUE(quantizerOf("a")->layers.empty());
    EXPECT_EQ(quantizerOf("join")->grid.bits, 5);
    EXPECT_EQ(quantizerOf("b")->grid.bits, 8) << "d reads it";
    quantize(Concat{1}, JoinMode::Output);
    EXPECT_EQ(quantizerOf("a")->grid.bits, 8) << "the widest of the readers";
}

TEST_F(Joins, TrainingFollowsTheSourceThatLeads) {
    quantize(Concat{1}, JoinMode::Largest);
    const Quantizer& q = *quantizerOf("a");
    ASSERT_EQ(q.leader, std::optional<size_t>(1));
    BatchObserver observer(*set);
    observer.seeRange(*graph.findValue("a"), -100, 0);
    observer.seeRange(*graph.findValue("b"), 0, 16);
    observer.endBatch();
    set->applyRange(graph, q);
    expectSteps({16, 16, 0});
    EXPECT_FALSE(observer.wants(*graph.findValue("a")));
}

TEST_F(Joins, AddendsThatFollowTheirSumAreNotObserved) {
    quantize(Binary{BinaryKind::Add}, JoinMode::Output);
    BatchObserver observer(*set);
    observer.seeRange(*graph.findValue("b"), 0, 100);
    observer.seeRange(*graph.findValue("join"), 0, 14);
    observer.endBatch();
    set->applyRange(graph, *quantizerOf("b"));
    expectSteps({14, 14, 14});
}

TEST_F(Joins, LearnedScalesAreSharedOrNot) {
    config.qat.useLsq = true;
    for (const JoinMode mode : {JoinMode::Output, JoinMode::Largest, JoinMode::Requantize}) {
        quantize(Concat{1}, mode);
        const ValueId a = quantizerOf("a")->scale, b = quantizerOf("b")->scale;
        EXPECT_EQ(a == b, mode != JoinMode::Requantize);
        const auto scaleOf = [&](ValueId id) -> at::Tensor& { return *graph.value(id).data; };
        for (const ValueId id : {a, b}) scaleOf(id).requires_grad_(true);
        at::AutoGradMode grad(true);
        Executor(graph, {.outputs = {"head.0", "head.1"}, .grad = true}).run(images())[0].sum().backward();
        EXPECT_TRUE(scaleOf(a).grad().defined());
        EXPECT_TRUE(scaleOf(b).grad().defined());
        for (const ValueId id : {a, b}) scaleOf(id).requires_grad_(false);
    }
}

TEST_F(Joins, RequantizedSourcesAreTablesOfCodes) {
    quantize(Concat{1}, JoinMode::Requantize);
    CodeValues codes;
    const Graph lowered = integerForm(graph, &codes);
    EXPECT_TRUE(lowered.findNode("join.requantize.0").has_value());
    EXPECT_TRUE(lowered.findNode("join.requantize.1").has_value());
    const auto codesOf = [&](const std::string& name) {
        const auto found = std::ranges::find(codes, name + ".quant", &CodeValues::value_type::first);
        return Executor(lowered, {.outputs = {"head.0"}, .values = {found->second}}).run(images()).back().contiguous();
    };
    std::vector<at::Tensor> expected;
    const Quantizer& join = *quantizerOf("join");
    const auto held = [&](ValueId id) { return *graph.value(id).data; };
    for (const char* name : {"a", "b"}) {
        const Quantizer& q = *quantizerOf(name);
        expected.push_back(quantizeToCodes(dequantizeCodes(codesOf(name), held(q.scale), held(q.zeroPoint)),
                                           codeGrid(0, 255, held(join.scale), held(join.zeroPoint))));
    }
    EXPECT_TRUE(at::equal(codesOf("join"), at::cat(expected, 1)));
    EXPECT_LT(test::maxDifference(Executor(graph, {.outputs = {"head.0"}}).run(images())[0],
                                  Executor(lowered, {.outputs = {"head.0"}}).run(images())[0]),
              1e-5);
}

// x -> a -> pool -> + a -> cat with a: the cat holds the numbers of a, whatever the sum says.
TEST(ScaleGroups, ConcatenationsHoldWhatASumWouldCutOff) {
    Sketch sketch({1, 3, 4, 4});
    const ValueId a = pointwise(sketch, "a", sketch.input(), 3, 1), b = pointwise(sketch, "b", sketch.input(), 3, 2);
    const ValueId pooled = sketch.graph.add("pool", Pool{PoolKind::Max, {3, 3}, {1, 1}, {1, 1}}, {b});
    const ValueId sum = sketch.graph.add("sum", Binary{BinaryKind::Add}, {a, pooled});
    const Graph graph = sketch.finish("decoded", sketch.graph.add("cat", Concat{1}, {a, sum}));
    const ScaleGroups groups(graph, {JoinMode::Output, JoinMode::Output});
    const ScaleGroup& group = groups.all().at(*groups.find(a));
    EXPECT_EQ(group.sources, (std::vector<ValueId>{a, b, sum}));
    EXPECT_EQ(group.observed, (std::vector<ValueId>{a, sum})) << "b only goes into the sum, through the pool";
    EXPECT_EQ(groups.find(pooled), groups.find(b));
    EXPECT_FALSE(groups.find(*graph.findValue("a.weight")).has_value());
    const ScaleGroups apart(graph, {JoinMode::Requantize, JoinMode::Requantize});
    EXPECT_EQ(apart.all().size(), 5u) << "the picture, a, b with its pool, the sum, the concatenation";
    EXPECT_EQ(apart.find(pooled), apart.find(b));
    ASSERT_EQ(apart.joins().size(), 2u);
    EXPECT_TRUE(ScaleGroups(graph, {JoinMode::Output, JoinMode::Largest}).all().at(1).largest);
}

}  // namespace
}  // namespace qat
