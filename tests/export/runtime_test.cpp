// Exported files in a real runtime against our own executor. Left out, with a sentence, where no runtime is installed.
#include "export/runtime_check.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "export/read_onnx.h"
#include "export/sketch.h"
#include "passes/channel_affine.h"
#include "passes/lower_integers.h"
#include "run/executor.h"
#include "support/assets.h"

namespace qat::test {
namespace {

class Runtime : public testing::Test {
protected:
    void SetUp() override {
        setenv("QATELIER_RESOURCES", QATELIER_SOURCE_RESOURCES, 0);
        if (const std::string missing = missingOnnxRuntime(); !missing.empty()) GTEST_SKIP() << "left out: " << missing;
    }

    struct Difference {
        int64_t count = 0;   // of elements
        int64_t steps = 0;   // elements that differ by more than 1e-5 of the largest magnitude
        double largest = 0;  // relative to the largest magnitude
    };

    // Every output of both, same input, each relative to its largest magnitude.
    Difference compare(const Graph& graph, bool optimize, OnnxExportOptions options = {}) { return compareForm(graph, graph, optimize, options); }

    // What `form` computes here and the file of `graph` there.
    Difference compareForm(const Graph& form, const Graph& graph, bool optimize, OnnxExportOptions options = {}) {
        const ScratchFolder scratch;
        options.path = scratch.path() / "model.onnx";
        exportOnnx(graph, options);
        const std::vector<float> sample = sampleInput(graph, 11);
        const Shape& shape = graph.value(graph.inputs().front()).shape;
        const auto run = runOnnxRuntime(options.path, {{"images", shape, sample}}, {.optimize = optimize});
        ExecutorOptions wanted;
        for (const GraphOutput& output : graph.outputs()) wanted.outputs.push_back(output.name);
        const std::vector<at::Tensor> expected = Executor(form, wanted).run(at::tensor(sample).reshape(shape));
        Difference all;
        for (size_t i = 0; i < expected.size(); ++i) {
            const at::Tensor plain = expected[i].contiguous();
            EXPECT_EQ(run->outputs.at(i).shape, plain.sizes().vec());
            const Difference one =
                difference(run->outputs.at(i).values, {plain.data_ptr<float>(), static_cast<size_t>(plain.numel())});
            all = {all.count + one.count, all.steps + one.steps, std::max(all.largest, one.largest)};
        }
        return all;
    }

    static Difference difference(const std::vector<float>& a, std::span<const float> b) {
        Difference found{static_cast<int64_t>(a.size()), 0, 0};
        double magnitude = 1e-12;
        for (const float x : b) magnitude = std::max<double>(magnitude, std::abs(x));
        for (size_t i = 0; i < a.size(); ++i) {
            const double relative = std::abs(static_cast<double>(a[i]) - b[i]) / magnitude;
            found.steps += relative > 1e-5;
            found.largest = std::max(found.largest, relative);
        }
        return found;
    }
};

// A little of everything a detector has, quantized at the given widths.
Graph detector(int64_t weightBits, int64_t bits, ActivationKind activation) {
    const int64_t most = (int64_t{1} << bits) - 1;
    const float step = 4.f / static_cast<float>(most);
    Sketch sketch({1, 3, 32, 32});
    Graph& graph = sketch.graph;
    ValueId x = sketch.input();
    const auto quantize = [&](const std::string& name, ValueId value, float scale) {
        return bits == 0
                   ? value
                   : sketch.quantize(name + "_quant", value,
                                     sketch.range(name, scale, std::rint(static_cast<float>(most) / 4), bits, 0, most));
    };
    const auto layer = [&](const std::string& name, ValueId value, Sketch::ConvPlan plan) {
        plan.weightBits = weightBits;
        return graph.add(name + ".act", Activation{activation}, {sketch.conv(name + ".conv", value, plan)});
    };
    x = quantize("input", x, step);
    x = quantize("a", layer("a", x, {.out = 8, .stride = 2}), step);
    const std::vector<ValueId> parts = graph.node(graph.addNode("split", Split{1, {4, 4}}, {x}, 2)).outputs;
    const Range group = sketch.range("group", step, std::rint(static_cast<float>(most) / 4), bits, 0, most);
    const auto member = [&](const std::string& name, ValueId value) {
        return bits == 0 ? value : sketch.quantize(name + "_quant", value, group);
    };
    ValueId y = member("b", layer("b", parts[1], {.in = 4, .groups = 4}));
    y = member("add", graph.add("add", Binary{BinaryKind::Add}, {y, member("skip", parts[0])}));
    const ValueId pooled = graph.add("pool", Pool{PoolKind::Max, {5, 5}, {1, 1}, {2, 2}}, {y});
    const ValueId joined = graph.add("cat", Concat{1}, {y, pooled, member("rest", parts[1])});
    x = quantize("c", layer("c", graph.add("up", Resize{2}, {joined}), {.in = 12, .out = 8, .kernel = 1}), step);
    graph.setOutput("features", x);
    x = sketch.conv("head", x, {.in = 8, .out = 6, .weightBits = weightBits});
    graph.setOutput("raw", x);
    const ValueId points = graph.node(graph.addNode("anchors", AnchorPoints{{8}}, {x}, 2)).outputs[0];
    const ValueId boxes = graph.add("boxes", Slice{1, 0, 2}, {graph.add("flat", Reshape{{0, 6, -1}}, {x})});
    const ValueId soft = graph.add("soft", Softmax{1}, {graph.add("turn", Permute{{0, 2, 1}}, {boxes})});
    const ValueId turned = graph.add("back", Permute{{0, 2, 1}}, {soft});
    return sketch.finish("boxes", graph.add("decode", Binary{BinaryKind::Sub}, {points, turned}));
}

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

// Factors of either sign and offsets behind every convolution, merged into weight scales or kept as operations.
Graph corrected(Graph graph, bool folded) {
    Random random(5);
    const std::vector<NodeId> order = graph.order();
    for (const NodeId id : order) {
        if (!std::holds_alternative<Conv2d>(graph.node(id).op)) continue;
        const ChannelAffine affine = insertAffine(graph, id);
        for (const ValueId stored : {affine.gamma, affine.beta}) {
            at::Tensor& tensor = *graph.value(stored).data;
            for (int64_t i = 0; i < tensor.numel(); ++i) {
                const double sign = stored == affine.gamma && i % 3 == 0 ? -1 : 1;
                tensor.data_ptr<float>()[i] += static_cast<float>(random.uniform(-0.4, 0.4));
                tensor.data_ptr<float>()[i] *= static_cast<float>(sign);
            }
        }
        if (folded) EXPECT_EQ(foldAffine(graph, affine, true), AffineForm::Scales);
        else keepAffine(graph, affine);
    }
    probeShapes(graph, graph.value(graph.inputs().front()).shape);
    return graph;
}

TEST_F(Runtime, CorrectionsAgree) {
    for (const bool folded : {true, false})
        for (const int64_t bits : {0, 8}) {
            const Difference found = compare(corrected(detector(4, bits, ActivationKind::Silu), folded), true);
            EXPECT_LE(found.steps, bits == 0 ? 0 : found.count / 1000) << folded << " a" << bits << " " << found.largest;
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
    for (const Case& c : {Case{NumberFormat::Half, -65504, 65504, 0, 1}, {NumberFormat::Binary, -1, 1, 0, 1}, {NumberFormat::Integer, -7, 7, 8, 16},
                          {NumberFormat::Integer, -7, 7, 9, 12}}) {
        Sketch sketch({1, 3, 8, 8});
        FakeQuantize op{.bits = 4, .qmin = c.qmin, .qmax = c.qmax, .format = c.format};
        const ValueId one = sketch.numbers("one", {1}, {c.format == NumberFormat::Half ? 1.f : 0.25f}), zero = sketch.numbers("zero", {1}, {0.f});
        const ValueId x = sketch.graph.add("in", op, {sketch.input(), one, zero});
        op.weight = true, op.axis = c.group > 0 ? 0 : -1, op.group = c.group;
        const ValueId scale = c.group > 0 ? sketch.parameter("scale", {c.scales}, 0.05, 0.08) : one;
        const ValueId zeros = sketch.numbers("zeros", {c.scales}, std::vector<float>(static_cast<size_t>(c.scales), 0.f));
        const ValueId weight = sketch.graph.add("weight.quant", op, {sketch.parameter("weight", {4, 3, 3, 3}, -0.5, 0.5), scale, zeros});
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
        runOnnxRuntime(path, {{"images", {1, 1, 1, 8}, {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 300.f, -300.f, 3.f}}});
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
        sources.push_back(sketch.quantize(std::string(name) + "_quant", made, sketch.range(name, step, 120, 8, 0, 255)));
    }
    ValueId joined = sketch.quantize("join_quant", sketch.graph.add("join", op, sources), sketch.range("join", 0.017f, 131, 8, 0, 255));
    joined = sketch.conv("c", joined, {.in = std::holds_alternative<Concat>(op) ? 8 : 4, .weightBits = 8});
    return sketch.finish("decoded", sketch.quantize("c_quant", joined, sketch.range("c", 0.02f, 128, 8, 0, 255)));
}

TEST_F(Runtime, RequantizedJoinsRunOnIntegerKernels) {
    for (const auto& [op, kernel] : {std::pair{Op{Concat{1}}, "QLinearConcat"}, {Op{Binary{BinaryKind::Add}}, "QLinearAdd"}}) {
        const Graph graph = joinOfGrids(op);
        EXPECT_EQ(compareForm(lowerToIntegers(graph), graph, true).steps, 0) << kernel;
        auto types = optimizedTypes(graph);
        EXPECT_EQ(types[kernel], 1);
        EXPECT_EQ(types["QLinearConv"], 3);
        EXPECT_EQ(types["Conv"] + types["Concat"] + types["Add"], 0);
    }
}

TEST_F(Runtime, ABrokenModelIsRefusedWithTheRuntimesWords) {
    const ScratchFolder scratch;
    try {
        runOnnxRuntime(scratch.path() / "missing.onnx", {});
        FAIL() << "ran";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        EXPECT_NE(std::string(error.what()).find("missing.onnx"), std::string::npos) << error.what();
    }
}

TEST(RuntimeLookup, WhatIsMissingIsSaidInASentence) {
    const ScratchFolder scratch;
    const char* before = std::getenv("QATELIER_RESOURCES");
    const std::string kept = before ? before : "";
    setenv("QATELIER_RESOURCES", scratch.path().c_str(), 1);
    EXPECT_EQ(missingOnnxRuntime(), "the runner script run_onnx.mjs was not found");
    EXPECT_FALSE(runOnnxRuntime("model.onnx", {}).has_value());
    if (before)
        setenv("QATELIER_RESOURCES", kept.c_str(), 1);
    else
        unsetenv("QATELIER_RESOURCES");
}

}  // namespace
}  // namespace qat::test
