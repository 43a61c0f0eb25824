// Products of data with data: in files, on codes, and the simulation of both.
#include <gtest/gtest.h>

#include "export/read_onnx.h"
#include "export/runtime_fixture.h"
#include "passes/lower_integers.h"

namespace qat::test {
namespace {

// An attention without softmax: x [1,4,6,5] as matrices of 5 columns, times its own transpose.
Graph product(bool quantized, bool requantized) {
    Sketch sketch({1, 4, 6, 5});
    ValueId a = sketch.input();
    if (quantized) a = sketch.quantize("a", a, sketch.range("a", 2.f / 255, 120, 8, 0, 255));
    ValueId b = sketch.graph.add("turn", Permute{{0, 1, 3, 2}}, {sketch.input()});
    if (quantized) b = sketch.quantize("b", b, sketch.range("b", 1.f / 127, 0, 8, -128, 127));
    ValueId y = sketch.graph.add("product", MatMul{}, {a, b});
    if (requantized) y = sketch.quantize("y", y, sketch.range("y", 8.f / 255, 60, 8, 0, 255));
    return sketch.finish("decoded", y);
}

at::Tensor decoded(const Graph& graph) {
    const at::NoGradGuard noGrad;
    return Executor(graph, {.outputs = {"decoded"}}).run(at::tensor(sampleInput(graph, 11)).reshape({1, 4, 6, 5}))[0];
}

class ProductFiles : public Runtime, public testing::WithParamInterface<bool> {};

TEST_P(ProductFiles, FloatAndCodesAgree) {
    EXPECT_EQ(compare(product(false, false), GetParam()).steps, 0);
    for (const bool requantized : {false, true}) {
        const Graph graph = product(true, requantized);
        const Difference found = compareForm(lowerToIntegers(graph), graph, GetParam());
        EXPECT_EQ(found.steps, 0) << found.largest;
        EXPECT_EQ(found.count, 144);
    }
}

INSTANTIATE_TEST_SUITE_P(Optimized, ProductFiles, testing::Bool());

TEST(ProductOnnx, IsMatMulBetweenDequantizedOperands) {
    const Exported exported = exportAndRead(product(true, true));
    EXPECT_EQ(exported.view.maker(exported.view.only("MatMul").inputs[0]).type, "DequantizeLinear");
    EXPECT_EQ(exported.view.maker(exported.view.only("MatMul").inputs[1]).type, "DequantizeLinear");
}

TEST(ProductOnCodes, EqualsTheSimulation) {
    for (const bool requantized : {false, true}) {
        const Graph graph = product(true, requantized), lowered = lowerToIntegers(graph);
        EXPECT_EQ(std::get<IntegerMatMul>(lowered.node(*lowered.findNode("product")).op).requantize, requantized);
        const at::Tensor made = decoded(lowered), simulated = decoded(graph);
        EXPECT_LE((made - simulated).abs().max().item<float>(), requantized ? 8.1f / 255 : 1e-5f);
        EXPECT_LE((made - simulated).abs().gt(1e-5).sum().item<int64_t>(), 1) << "a tie at most";
        EXPECT_GT(made.abs().max().item<float>(), 0.5f);
    }
}

// Without codes on one side nothing is lowered.
TEST(ProductOnCodes, StaysInFloatBesideAFloat) {
    Sketch sketch({1, 4, 6, 5});
    const ValueId a = sketch.quantize("a", sketch.input(), sketch.range("a", 2.f / 255, 120, 8, 0, 255));
    const ValueId b = sketch.graph.add("turn", Permute{{0, 1, 3, 2}}, {sketch.input()});
    const Graph lowered = lowerToIntegers(sketch.finish("decoded", sketch.graph.add("product", MatMul{}, {a, b})));
    EXPECT_TRUE(std::holds_alternative<MatMul>(lowered.node(*lowered.findNode("product")).op));
}

}  // namespace
}  // namespace qat::test
