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
            {"TopK", TopK{4}},
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

// The end of a detector without NMS: of scores [N,C,A] the best anchors, of their scores the best pairs of anchor and
// class. Rows of box, score and class.
Graph selection(bool quantized) {
    constexpr int64_t kAnchors = 40, kClasses = 5, kBest = 7;
    Sketch sketch({1, 4 + kClasses, 5, 8});
    Graph& graph = sketch.graph;
    ValueId x = sketch.input();
    if (quantized) x = sketch.quantize("x", x, sketch.range("x", 2.f / 255, 127, 8, 0, 255));
    x = graph.add("flat", Reshape{{0, 4 + kClasses, kAnchors}}, {x});
    const NodeId parts = graph.addNode("parts", Split{1, {4, kClasses}}, {x}, 2);
    const ValueId boxes = graph.node(parts).outputs[0], scores = graph.node(parts).outputs[1];
    const ValueId most = graph.add("most", Reduce{ReduceKind::Max, {1}, false}, {scores});
    const ValueId anchors = graph.node(graph.addNode("anchors", TopK{kBest}, {most}, 2)).outputs[1];
    const ValueId few = graph.add("few", TakeAlong{2}, {scores, anchors});
    const ValueId pairs = graph.add("pairs", Reshape{{0, -1}}, {graph.add("turn", Permute{{0, 2, 1}}, {few})});
    const auto best = graph.node(graph.addNode("best", TopK{kBest}, {pairs}, 2)).outputs;
    const ValueId classes = graph.addConstant("classes", {static_cast<float>(kClasses)});
    const ValueId row = graph.add("row", Binary{BinaryKind::FloorDivide}, {best[1], classes});
    const ValueId whole = graph.add("whole", Binary{BinaryKind::Mul}, {row, classes});
    const ValueId kind = graph.add("kind", Binary{BinaryKind::Sub}, {best[1], whole});
    const ValueId fewBoxes = graph.add("few_boxes", TakeAlong{2}, {boxes, anchors});
    const auto column = [&](const char* name, ValueId value) { return graph.add(name, Reshape{{0, 1, -1}}, {value}); };
    const ValueId rows =
        graph.add("rows", Concat{1},
                  {graph.add("taken", TakeAlong{2}, {fewBoxes, row}), column("score", best[0]), column("class", kind)});
    return sketch.finish("decoded", graph.add("out", Permute{{0, 2, 1}}, {rows}));
}

class Selections : public Runtime {};

TEST_F(Selections, AgreeInFloatAndBehindAQuantizer) {
    for (const bool optimize : {false, true}) {
        EXPECT_EQ(compare(selection(false), optimize).steps, 0);
        const Graph graph = selection(true);
        EXPECT_EQ(compareForm(lowerToIntegers(graph), graph, optimize).steps, 0);
    }
}

TEST(Selection, IsThatOfAPlainSearch) {
    const Graph graph = selection(false);
    const std::vector<float> x = sampleInput(graph, 11);
    const at::Tensor made = Executor(graph, {.outputs = {"decoded"}}).run(at::tensor(x).reshape({1, 9, 5, 8}))[0][0];
    struct Pair {
        float score;
        int anchor, kind;
    };
    std::vector<Pair> pairs;
    for (int anchor = 0; anchor < 40; ++anchor)
        for (int kind = 0; kind < 5; ++kind)
            pairs.push_back({x[static_cast<size_t>((4 + kind) * 40 + anchor)], anchor, kind});
    std::ranges::sort(pairs, std::greater(), &Pair::score);
    ASSERT_EQ(made.sizes(), at::IntArrayRef({7, 6}));
    for (int i = 0; i < 7; ++i) {
        const Pair& pair = pairs[static_cast<size_t>(i)];
        EXPECT_EQ(made[i][4].item<float>(), pair.score);
        EXPECT_EQ(made[i][5].item<float>(), static_cast<float>(pair.kind));
        for (int side = 0; side < 4; ++side)
            EXPECT_EQ(made[i][side].item<float>(), x[static_cast<size_t>(side * 40 + pair.anchor)]);
    }
}

struct TransposedFile {
    std::string name;
    ConvTranspose2d op;
    int64_t outputs, kernel;
    bool perTensor = false;
};

// images [1,6,8,10] -> transposed convolution with a bias; quantized: its input, and its weight along axis 1.
Graph transposed(const TransposedFile& c, bool quantized) {
    Sketch sketch({1, 6, 8, 10});
    ValueId x = sketch.input(),
            weight = sketch.parameter("t.weight", {6, c.outputs / c.op.groups, c.kernel, c.kernel}, -0.5, 0.5);
    if (quantized) {
        const int64_t scales = c.perTensor ? 1 : c.outputs / c.op.groups;
        const FakeQuantize grid{.qmin = -127, .qmax = 127, .axis = c.perTensor ? -1 : 1, .weight = true};
        const ValueId zero = sketch.numbers("t.zero", {scales}, std::vector<float>(static_cast<size_t>(scales), 0.f));
        weight = sketch.graph.add("t.weight.quant", grid,
                                  {weight, sketch.parameter("t.scale", {scales}, 0.4 / 127, 0.6 / 127), zero});
        x = sketch.quantize("x", x, sketch.range("x", 2.f / 255, 127, 8, 0, 255));
    }
    return sketch.finish("decoded",
                         sketch.graph.add("t", c.op, {x, weight, sketch.parameter("t.bias", {c.outputs}, -0.2, 0.2)}));
}

class TransposedFiles : public Runtime, public testing::WithParamInterface<TransposedFile> {};

TEST_P(TransposedFiles, AgreeInFloatAndQuantized) {
    for (const bool optimize : {false, true}) {
        EXPECT_EQ(compare(transposed(GetParam(), false), optimize).steps, 0);
        const Graph graph = transposed(GetParam(), true);
        const Difference found = compareForm(lowerToIntegers(graph), graph, optimize);
        EXPECT_EQ(found.steps, 0) << found.largest;
        EXPECT_GT(found.count, 0);
    }
}

INSTANTIATE_TEST_SUITE_P(All, TransposedFiles,
                         testing::Values(TransposedFile{"Doubling", {.stride = {2, 2}}, 5, 2},
                                         TransposedFile{"OneScale", {.stride = {2, 2}, .padding = {1, 1}}, 4, 3, true},
                                         TransposedFile{"Padded", {{3, 2}, {1, 0}, {2, 1}, {1, 2}, 1}, 3, 3},
                                         TransposedFile{"Groups", {.stride = {2, 2}, .groups = 3}, 6, 2}),
                         [](const auto& info) { return info.param.name; });

// The weight stays behind its quantizer, and codes of the data become numbers again.
TEST(TransposedOnCodes, StaysInFloat) {
    const Graph lowered = lowerToIntegers(transposed({"", {.stride = {2, 2}}, 5, 2}, true));
    const Node& node = lowered.node(*lowered.findNode("t"));
    EXPECT_TRUE(std::holds_alternative<ConvTranspose2d>(node.op));
    EXPECT_TRUE(std::holds_alternative<Dequantize>(lowered.node(*lowered.producer(node.inputs[0])).op));
    EXPECT_TRUE(std::holds_alternative<FakeQuantize>(lowered.node(*lowered.producer(node.inputs[1])).op));
}

}  // namespace
}  // namespace qat::test
