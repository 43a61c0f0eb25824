// Every activation in a file, in float and between quantizers: what ONNX Runtime computes is what we compute, and on
// codes it is a table.
#include <gtest/gtest.h>

#include "export/runtime_fixture.h"
#include "ops/activation.h"
#include "passes/lower_integers.h"

namespace qat::test {
namespace {

Graph floatGraph(const Activation& op) {
    Sketch sketch({1, 3, 16, 16});
    const ValueId wide =
        sketch.graph.add("wide", Binary{BinaryKind::Mul}, {sketch.input(), sketch.numbers("eight", {1}, {8.f})});
    return sketch.finish("decoded", sketch.graph.add("act", op, {wide}));
}

// Codes of -8 to 8, and of what the activation makes of them.
Graph quantizedGraph(const Activation& op) {
    Sketch sketch({1, 1, 16, 16});
    ValueId x =
        sketch.graph.add("wide", Binary{BinaryKind::Mul}, {sketch.input(), sketch.numbers("eight", {1}, {8.f})});
    x = sketch.quantize("before", x, sketch.range("before", 16.f / 255, 127, 8, 0, 255));
    x = sketch.graph.add("act", op, {x});
    const bool small = traitsOf(op.kind).value(8, 0.1f) < 2;
    return sketch.finish(
        "decoded",
        sketch.quantize("after", x, sketch.range("after", small ? 2.f / 255 : 9.f / 255, small ? 127 : 26, 8, 0, 255)));
}

class ActivationFiles : public Runtime, public testing::WithParamInterface<ActivationKind> {
protected:
    Activation op{GetParam(), 0.1};
};

TEST_P(ActivationFiles, FloatAgrees) {
    for (const bool optimize : {false, true}) {
        const Difference found = compare(floatGraph(op), optimize);
        EXPECT_EQ(found.steps, 0) << found.largest << " of the largest";
        EXPECT_EQ(found.count, 768);
    }
}

// A value of the table next to a rounding tie may fall on either side.
TEST_P(ActivationFiles, CodesAgree) {
    const Graph graph = quantizedGraph(op);
    // With nothing between them ONNX Runtime makes one of the two quantizers, which rounds once: not to be had here.
    const bool optimize = GetParam() != ActivationKind::Identity;
    const Difference found = compareForm(lowerToIntegers(graph), graph, optimize);
    EXPECT_LE(found.steps, 1);
    EXPECT_LE(found.largest, 0.02) << "more than a step";
}

class ActivationTables : public testing::TestWithParam<ActivationKind> {};

TEST_P(ActivationTables, AreWhatTheSimulationMakes) {
    const Graph graph = quantizedGraph(Activation{GetParam(), 0.1});
    const Graph lowered = lowerToIntegers(graph);
    EXPECT_TRUE(std::holds_alternative<Lookup>(lowered.node(*lowered.findNode("act")).op));
    const at::Tensor x = at::linspace(-0.999, 0.9985, 256).reshape({1, 1, 16, 16});
    const at::NoGradGuard noGrad;
    const at::Tensor made = Executor(lowered, {.outputs = {"decoded"}}).run(x)[0],
                     simulated = Executor(graph, {.outputs = {"decoded"}}).run(x)[0];
    EXPECT_LE(made.ne(simulated).sum().item<int64_t>(), 2);
    EXPECT_LE((made - simulated).abs().max().item<float>(), 9.1f / 255);
    EXPECT_GT(std::get<0>(at::_unique(made)).numel(), 25) << "codes are told apart";
}

std::vector<ActivationKind> kinds() {
    std::vector<ActivationKind> all;
    for (size_t i = 0; i < kActivationNames.size(); ++i) all.push_back(static_cast<ActivationKind>(i));
    return all;
}
std::string kindName(const testing::TestParamInfo<ActivationKind>& info) {
    return std::string(kActivationNames[static_cast<size_t>(info.param)]);
}

INSTANTIATE_TEST_SUITE_P(All, ActivationFiles, testing::ValuesIn(kinds()), kindName);
INSTANTIATE_TEST_SUITE_P(All, ActivationTables, testing::ValuesIn(kinds()), kindName);

}  // namespace
}  // namespace qat::test
