// Operators one by one in ONNX Runtime: in float, and after a quantizer, where those that move numbers stay on codes.
#include <gtest/gtest.h>

#include "export/runtime_fixture.h"
#include "passes/lower_integers.h"

namespace qat::test {
namespace {

struct OperatorCase {
    std::string name;
    Op op;
};

std::vector<OperatorCase> operatorCases() {
    return {{"MaxPool", Pool{PoolKind::Max, {3, 3}, {2, 2}, {1, 1}}},
            {"AveragePool", Pool{PoolKind::Average, {3, 3}, {2, 2}, {1, 1}}},
            {"Resize", Resize{2}},
            {"Concat", Concat{1}},
            {"Split", Split{1, {1, 5}}},
            {"Slice", Slice{1, 1, 4}},
            {"Reshape", Reshape{{1, 2, -1}}},
            {"Permute", Permute{{0, 2, 3, 1}}},
            {"Gather", Gather{1, {5, 0, 2, 2}}},
            {"Pad", Pad{{0, 0, 1, 2}, {0, 1, 0, 3}, -0.5}},
            {"Clip", Clip{-0.3, 0.6}},
            {"ReduceSum", Reduce{ReduceKind::Sum, {1}, true}},
            {"ReduceMean", Reduce{ReduceKind::Mean, {2, 3}, true}},
            {"ReduceMax", Reduce{ReduceKind::Max, {2}, false}},
            {"Softmax", Softmax{1}}};
}

Graph graphOf(const Op& op, bool quantized) {
    Sketch sketch({1, 6, 8, 10});
    ValueId x = sketch.input();
    if (quantized) x = sketch.quantize("x", x, sketch.range("x", 2.f / 255, 127, 8, 0, 255));
    const NodeId made = sketch.graph.addNode("op", op, {x}, static_cast<int>(traitsOf(op).outputs));
    return sketch.finish("decoded", sketch.graph.node(made).outputs.back());
}

class Operators : public Runtime, public testing::WithParamInterface<OperatorCase> {};

TEST_P(Operators, AgreeInFloatAndBehindAQuantizer) {
    for (const bool optimize : {false, true}) {
        const Difference plain = compare(graphOf(GetParam().op, false), optimize);
        EXPECT_EQ(plain.steps, 0) << plain.largest;
        EXPECT_GT(plain.count, 0);
        const Graph graph = graphOf(GetParam().op, true);
        EXPECT_EQ(compareForm(lowerToIntegers(graph), graph, optimize).steps, 0);
    }
}

class OperatorsOnCodes : public testing::TestWithParam<OperatorCase> {};

TEST_P(OperatorsOnCodes, AreThoseThatMoveNumbers) {
    const Graph lowered = lowerToIntegers(graphOf(GetParam().op, true));
    const Node& node = lowered.node(*lowered.findNode("op"));
    const auto maker = lowered.producer(node.inputs.front());
    ASSERT_TRUE(maker.has_value());
    EXPECT_EQ(std::holds_alternative<Quantize>(lowered.node(*maker).op), movesDataOnly(GetParam().op));
}

std::string caseName(const testing::TestParamInfo<OperatorCase>& info) {
    return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(All, Operators, testing::ValuesIn(operatorCases()), caseName);
INSTANTIATE_TEST_SUITE_P(All, OperatorsOnCodes, testing::ValuesIn(operatorCases()), caseName);

}  // namespace
}  // namespace qat::test
