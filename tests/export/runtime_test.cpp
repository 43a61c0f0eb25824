// Exported files in a real runtime against our own executor. Left out, with a sentence, where no runtime is installed.
#include "export/runtime_check.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/files.h"
#include "export/detector_sketch.h"
#include "export/read_onnx.h"
#include "export/runtime_fixture.h"
#include "passes/pipeline.h"

namespace qat::test {
namespace {

TEST_F(Runtime, FloatGraphAgrees) {
    for (const ActivationKind kind : {ActivationKind::Silu, ActivationKind::Relu}) {
        const Difference found = compare(detector(0, 0, kind), true);
        EXPECT_EQ(found.steps, 0) << found.largest;
    }
}

// Float sums are added up in another order there, so a value next to a rounding tie may land one step off: hardly ever
// on grids of 8 bits, now and then on grids of 16, whose step is only some 100 times the error of such a sum.
TEST_F(Runtime, EveryWidthAgreesWithTheSimulation) {
    for (const auto& [weightBits, bits] : {std::pair{8, 8}, {4, 4}, {4, 8}, {8, 16}, {16, 16}, {2, 2}})
        for (const bool optimize : {false, true}) {
            const Difference found = compare(detector(weightBits, bits, ActivationKind::Silu), optimize);
            const std::string name = str("w", weightBits, "a", bits, optimize ? "_all" : "_none");
            EXPECT_LE(found.steps, found.count / (bits == 16 ? 50 : 1000)) << name;
            if (bits == 16) {
                EXPECT_LT(found.largest, 1e-4) << name << ": a few steps of 2^-16";
            }
            RecordProperty(name, str(found.steps, " of ", found.count));
        }
}

TEST_F(Runtime, BatchNormAgrees) {
    Sketch sketch({1, 3, 8, 8});
    std::vector<ValueId> inputs{sketch.conv("c", sketch.input(), {.bias = false})};
    for (const char* name : {"weight", "bias", "running_mean", "running_var"})
        inputs.push_back(sketch.parameter(std::string("bn.") + name, {4}, 0.5, 1.5));
    const Graph graph = sketch.finish("decoded", sketch.graph.add("bn", BatchNorm{.eps = 1e-3}, inputs));
    EXPECT_EQ(compare(graph, true).steps, 0);
}

// Half, signs, and groups that do and do not divide the inputs of a channel.
TEST_F(Runtime, EveryFormatAgreesWithTheSimulation) {
    struct Case {
        NumberFormat format;
        int64_t qmin, qmax, group, scales;
    };
    for (const Case& c : {Case{NumberFormat::Half, -65504, 65504, 0, 1},
                          {NumberFormat::Binary, -1, 1, 0, 1},
                          {NumberFormat::Integer, -7, 7, 8, 16},
                          {NumberFormat::Integer, -7, 7, 9, 12}}) {
        Sketch sketch({1, 3, 8, 8});
        FakeQuantize op{.bits = 4, .qmin = c.qmin, .qmax = c.qmax, .format = c.format};
        const ValueId one = sketch.numbers("one", {1}, {c.format == NumberFormat::Half ? 1.f : 0.25f}),
                      zero = sketch.numbers("zero", {1}, {0.f});
        const ValueId x = sketch.graph.add("in", op, {sketch.input(), one, zero});
        op.weight = true, op.axis = c.group > 0 ? 0 : -1, op.group = c.group;
        const ValueId scale = c.group > 0 ? sketch.parameter("scale", {c.scales}, 0.05, 0.08) : one;
        const ValueId zeros =
            sketch.numbers("zeros", {c.scales}, std::vector<float>(static_cast<size_t>(c.scales), 0.f));
        const ValueId weight =
            sketch.graph.add("weight.quant", op, {sketch.parameter("weight", {4, 3, 3, 3}, -0.5, 0.5), scale, zeros});
        const Graph graph = sketch.finish("decoded", sketch.graph.add("conv", Conv2d{.padding = {1, 1}}, {x, weight}));
        EXPECT_EQ(compare(graph, true).steps, 0) << static_cast<int>(c.format) << " in groups of " << c.group;
    }
}

TEST_F(Runtime, RoundsHalfToEven) {
    Sketch sketch({1, 1, 1, 8});
    const ValueId y = sketch.quantize("q", sketch.input(), sketch.range("r", 1.f, 0, 8, -128, 127));
    const Graph graph = sketch.finish("decoded", y);
    const ScratchFolder scratch;
    const auto path = scratch.path() / "model.onnx";
    exportOnnx(graph, {.path = path});
    const auto run =
        runOnnxRuntime(path, {{"images", {1, 1, 1, 8}, {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 300.f, -300.f, 3.f}}}).run;
    EXPECT_EQ(run->outputs[0].values, (std::vector<float>{0, 2, 2, 0, -2, 127, -128, 3}));
    EXPECT_EQ(run->outputs[0].name, "output0");
    EXPECT_TRUE(run->runtime.starts_with("onnxruntime-node "));
}

// What the runtime makes of the file, read from the graph it writes back after its own passes.
std::map<std::string, int> optimizedTypes(const Graph& graph) {
    const ScratchFolder scratch;
    exportOnnx(graph, {.path = scratch.path() / "model.onnx"});
    const RuntimeTensor input{"images", graph.value(graph.inputs().front()).shape, sampleInput(graph, 3)};
    runOnnxRuntime(scratch.path() / "model.onnx", {input}, {.optimizedModel = scratch.path() / "optimized.onnx"});
    std::map<std::string, int> types;
    for (const std::string& type : readOnnx(scratch.path() / "optimized.onnx").types()) ++types[type];
    return types;
}

TEST_F(Runtime, RectifiedLayersRunOnIntegerKernels) {
    Sketch sketch({1, 3, 16, 16});
    const Range range = sketch.range("r", 0.02f, 0, 8, 0, 255);
    ValueId x = sketch.quantize("q0", sketch.input(), range);
    for (const char* name : {"a", "b"}) {
        x = sketch.conv(name, x, {.in = x == sketch.input() ? 3 : (std::string(name) == "a" ? 3 : 4), .weightBits = 8});
        x = sketch.graph.add(std::string(name) + ".act", Activation{ActivationKind::Relu}, {x});
        x = sketch.quantize(std::string(name) + "_quant", x, range);
    }
    auto types = optimizedTypes(sketch.finish("decoded", sketch.graph.add("pool", Pool{}, {x})));
    EXPECT_EQ(types["QLinearConv"], 2);
    EXPECT_EQ(types["Conv"], 0);
    EXPECT_EQ(types["QuantizeLinear"], 1) << "only the input is quantized at run time";
    EXPECT_EQ(types["DequantizeLinear"], 1) << "only the output is dequantized at run time";
}

// Sources on grids of their own, requantized where they meet.
Graph joinOfGrids(const Op& op) {
    Sketch sketch({1, 3, 16, 16});
    const Range input = sketch.range("input", 0.02f, 50, 8, 0, 255);
    const ValueId x = sketch.quantize("q0", sketch.input(), input);
    std::vector<ValueId> sources;
    for (const auto& [name, step] : {std::pair{"a", 0.003f}, {"b", 0.021f}}) {
        const ValueId made = sketch.conv(name, x, {.weightBits = 8});
        sources.push_back(
            sketch.quantize(std::string(name) + "_quant", made, sketch.range(name, step, 120, 8, 0, 255)));
    }
    ValueId joined = sketch.quantize("join_quant", sketch.graph.add("join", op, sources),
                                     sketch.range("join", 0.017f, 131, 8, 0, 255));
    joined = sketch.conv("c", joined, {.in = std::holds_alternative<Concat>(op) ? 8 : 4, .weightBits = 8});
    return sketch.finish("decoded", sketch.quantize("c_quant", joined, sketch.range("c", 0.02f, 128, 8, 0, 255)));
}

TEST_F(Runtime, RequantizedJoinsRunOnIntegerKernels) {
    for (const auto& [op, kernel] :
         {std::pair{Op{Concat{1}}, "QLinearConcat"}, {Op{Binary{BinaryKind::Add}}, "QLinearAdd"}}) {
        const Graph graph = joinOfGrids(op);
        EXPECT_EQ(compareForm(integerForm(graph), graph, true).steps, 0) << kernel;
        auto types = optimizedTypes(graph);
        EXPECT_EQ(types[kernel], 1);
        EXPECT_EQ(types["QLinearConv"], 3);
        EXPECT_EQ(types["Conv"] + types["Concat"] + types["Add"], 0);
    }
}

TEST_F(Runtime, ABrokenModelIsRefusedInOurWords) {
    const ScratchFolder scratch;
    writeFileAtomic(scratch.path() / "broken.onnx", "no model");
    const RuntimeAnswer answer = runOnnxRuntime(scratch.path() / "broken.onnx", {});
    EXPECT_FALSE(answer.run);
    EXPECT_TRUE(answer.runtime.starts_with("onnxruntime-node ")) << answer.runtime;
    EXPECT_EQ(answer.refusal, answer.runtime + " refuses broken.onnx");
    EXPECT_EQ(answer.failure, "");
}

TEST(RuntimeLookup, WhatIsMissingIsSaidInASentence) {
    const ScratchFolder scratch;
    const char* before = std::getenv("QATELIER_RESOURCES");
    const std::string kept = before ? before : "";
    setenv("QATELIER_RESOURCES", scratch.path().c_str(), 1);
    EXPECT_EQ(missingOnnxRuntime(), "the runner script run_onnx.mjs was not found");
    EXPECT_EQ(runOnnxRuntime("model.onnx", {}).failure, missingOnnxRuntime());
    if (before)
        setenv("QATELIER_RESOURCES", kept.c_str(), 1);
    else
        unsetenv("QATELIER_RESOURCES");
}

}  // namespace
}  // namespace qat::test
