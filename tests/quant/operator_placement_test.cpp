// Where quantizers stand around each operator, and along which axis of a weight.
#include <gtest/gtest.h>

#include "base/error.h"
#include "export/sketch.h"
#include "quant/quantizer_set.h"

namespace qat {
namespace {

using test::Sketch;

struct Between {
    std::string name;
    Op op;
    int64_t channels = 8;  // of what it makes
};

// images -> a -> operator -> b
Graph between(const Between& c) {
    Sketch sketch({1, 8, 8, 8});
    Graph& graph = sketch.graph;
    const ValueId a = sketch.conv("a", sketch.input(), {.in = 8, .out = 8});
    const NodeId node = graph.addNode("op", c.op, {a}, static_cast<int>(traitsOf(c.op).outputs));
    return sketch.finish("decoded",
                         sketch.conv("b", graph.node(node).outputs.front(), {.in = c.channels, .out = 4, .kernel = 1}));
}

class Placement : public testing::TestWithParam<Between> {};

// One quantizer for what b reads: behind the operator, or, where that only moves numbers, in front of it.
TEST_P(Placement, FollowsFromTheRow) {
    Graph graph = between(GetParam());
    const QuantizerSet set(graph, resolvePlan(graph, Config()));
    const Quantizer* read = set.inputOf(*graph.findNode("b"));
    ASSERT_NE(read, nullptr);
    ASSERT_EQ(read->nodes.size(), 1u);
    const auto source = graph.producer(graph.node(read->nodes.front()).inputs[0]);
    ASSERT_TRUE(source.has_value());
    EXPECT_EQ(graph.node(*source).name, movesDataOnly(GetParam().op) ? "a" : "op");
}

INSTANTIATE_TEST_SUITE_P(
    Operators, Placement,
    testing::Values(Between{"MaxPool", Pool{}}, Between{"AveragePool", Pool{PoolKind::Average}},
                    Between{"Resize", Resize{2}}, Between{"Slice", Slice{1, 2, 6}, 4},
                    Between{"Reshape", Reshape{{1, 16, 4, 8}}, 16}, Between{"Permute", Permute{{0, 2, 1, 3}}},
                    Between{"Gather", Gather{1, {5, 0, 5}}, 3}, Between{"Pad", Pad{{0, 0, 1, 1}, {0, 0, 1, 1}, 0}},
                    Between{"Clip", Clip{0, 6}}, Between{"Reduce", Reduce{ReduceKind::Mean, {2, 3}, true}},
                    Between{"TopK", TopK{3}}, Between{"Softmax", Softmax{1}}, Between{"Activation", Activation{}}),
    [](const auto& info) { return info.param.name; });

struct Axis {
    std::string name;
    Scheme scheme;
    int64_t groups = 1;
    int channelAxis = 0;
    int64_t axis = 1, scales = 6;
};

class TransposedWeights : public testing::TestWithParam<Axis> {};

// The weight is [8, 6 / groups, 2, 2].
TEST_P(TransposedWeights, HaveTheirScalesAlongTheOutputs) {
    const Axis& c = GetParam();
    Sketch sketch({1, 8, 8, 8});
    const ValueId weight = sketch.parameter("t.weight", {8, 6 / c.groups, 2, 2}, -1, 1);
    Graph graph = sketch.finish("decoded", sketch.graph.add("t", ConvTranspose2d{.stride = {2, 2}, .groups = c.groups},
                                                            {sketch.input(), weight}));
    Config config;
    config.quantization.weight.scheme = c.scheme;
    config.quantization.weight.channelAxis = c.channelAxis;
    const QuantizerSet set(graph, resolvePlan(graph, config));
    const Quantizer* q = set.weightOf(*graph.findNode("t"));
    ASSERT_NE(q, nullptr);
    EXPECT_EQ(std::get<FakeQuantize>(graph.node(q->nodes.front()).op).axis, c.axis);
    EXPECT_EQ(graph.value(q->scale).shape, (Shape{c.scales}));
    EXPECT_NE(set.inputOf(*graph.findNode("t")), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Schemes, TransposedWeights,
                         testing::Values(Axis{"Channels", Scheme::PerChannel},
                                         Axis{"Groups", Scheme::PerChannel, 2, 0, 1, 3},
                                         Axis{"Inputs", Scheme::PerChannel, 1, 1, 0, 8},
                                         Axis{"Tensor", Scheme::PerTensor, 1, 0, -1, 1}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace qat
