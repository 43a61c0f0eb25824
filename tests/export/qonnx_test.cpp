// QONNX files, executed by an interpreter that knows nothing of how they were written.
#include "export/qonnx.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "export/qonnx_interpreter.h"
#include "export/sketch.h"
#include "ops/fake_quantize.h"
#include "run/executor.h"
#include "support/assets.h"
#include "support/tensors.h"

namespace qat::test {
namespace {

struct Widths {
    int64_t weight, activation;
};

// What stands for a format of so many bits.
void setFormat(Graph& graph, const Widths& widths) {
    for (const NodeId id : graph.order()) {
        auto* op = std::get_if<FakeQuantize>(&graph.node(id).op);
        if (!op) continue;
        const bool isWeight = isStored(graph.value(graph.node(id).inputs[0]).kind);
        const int64_t bits = isWeight ? widths.weight : widths.activation;
        op->bits = bits;
        if (bits == 1)
            op->format = NumberFormat::Binary, op->qmin = -1, op->qmax = 1;
        else if (isWeight)
            op->qmin = 1 - (int64_t{1} << (bits - 1)), op->qmax = -op->qmin;
        else
            op->qmin = 0, op->qmax = (int64_t{1} << bits) - 1;
    }
}

// Convolution, rectifier, convolution, pooling; a scale a channel for weights.
Graph net(const Widths& widths) {
    Sketch sketch({1, 3, 12, 12});
    const ValueId x = sketch.quantize("input_quant", sketch.input(), sketch.range("in", 0.013f, 0, 8, 0, 255));
    const ValueId y = sketch.conv("a", x, {.out = 8, .weightBits = 8});
    const ValueId act = sketch.graph.add("relu", Activation{ActivationKind::Relu}, {y});
    const float step = widths.activation == 1 ? 0.4f : 1.3f / static_cast<float>((1 << widths.activation) - 1);
    const ValueId z = sketch.quantize("a_quant", act, sketch.range("mid", step, 0, 8, 0, 255));
    const ValueId w = sketch.conv("b", z, {.in = 8, .out = 5, .weightBits = 8});
    Graph graph = sketch.finish("decoded", sketch.graph.add("pool", Pool{PoolKind::Max, {2, 2}, {2, 2}, {0, 0}}, {w}));
    setFormat(graph, widths);
    return graph;
}

class QonnxWidths : public testing::TestWithParam<Widths> {};

// Codes of every quantizer, weights' too, and the output.
TEST_P(QonnxWidths, FileHasTheCodesOfTheSimulation) {
    const Graph graph = net(GetParam());
    const Exported file = exportAndRead(graph, {}, qonnxQuantizers);
    EXPECT_EQ(file.result.quantizedLayers, 2);
    const at::Tensor images = randomTensor({1, 3, 12, 12}, 11, -1, 3);
    const QonnxValues run = interpret(file.view, {{"images", images}});

    const at::NoGradGuard noGrad;
    ExecutorOptions options{.outputs = {"decoded"}};
    std::vector<NodeId> quantizers;
    for (const NodeId id : graph.order())
        if (std::holds_alternative<FakeQuantize>(graph.node(id).op)) {
            quantizers.push_back(id);
            options.values.push_back(graph.node(id).outputs[0]);
        }
    const auto values = Executor(graph, std::move(options)).run(images);
    const auto nodes = file.view.count("Quant") + file.view.count("BipolarQuant");
    ASSERT_EQ(nodes, quantizers.size());
    size_t compared = 0;
    for (const OnnxNodeView& node : file.view.nodes) {
        if (node.type != "Quant" && node.type != "BipolarQuant") continue;
        const Node& ours = graph.node(quantizers[compared]);
        const auto& op = std::get<FakeQuantize>(ours.op);
        const at::Tensor scale = *graph.value(ours.inputs[1]).data;
        const at::Tensor spread = scale.numel() == 1 ? scale : scale.reshape({-1, 1, 1, 1});
        const at::Tensor simulated = values[1 + compared] / spread;
        EXPECT_TRUE(at::round(simulated).equal(run.codes.at(node.outputs[0])))
            << node.name << ", " << op.bits << " bits";
        ++compared;
    }
    const at::Tensor output = run.tensors.at("output0");
    EXPECT_LT(relativeDifference(output, values[0]), 1e-5);
    EXPECT_GT(output.std().item<double>(), 0.01);
}

INSTANTIATE_TEST_SUITE_P(Bits, QonnxWidths,
                         testing::Values(Widths{1, 1}, Widths{1, 2}, Widths{2, 2}, Widths{4, 4}, Widths{8, 8},
                                         Widths{3, 5}, Widths{4, 8}),
                         [](const auto& info) {
                             return "W" + std::to_string(info.param.weight) + "A" +
                                    std::to_string(info.param.activation);
                         });

TEST(Qonnx, SaysSignsAndRangesAsTheSpecificationDoes) {
    const Exported file = exportAndRead(net({4, 8}), {}, qonnxQuantizers);
    int weights = 0, activations = 0;
    for (const OnnxNodeView& node : file.view.nodes) {
        if (node.type != "Quant") continue;
        const bool isWeight = file.view.tensors.contains(node.inputs[0]);
        EXPECT_EQ(node.integers.at("signed").front(), isWeight ? 1 : 0);
        EXPECT_EQ(node.integers.at("narrow").front(), isWeight ? 1 : 0);
        EXPECT_EQ(node.texts.at("rounding_mode"), "ROUND");
        EXPECT_EQ(file.view.tensor(node.inputs[3]).values, (std::vector<double>{isWeight ? 4.0 : 8.0}));
        const Shape scale = file.view.tensor(node.inputs[1]).shape;
        EXPECT_EQ(scale.size(), isWeight ? 4u : 0u);
        (isWeight ? weights : activations)++;
    }
    EXPECT_EQ(weights, 2);
    EXPECT_EQ(activations, 2);
}

TEST(Qonnx, OddZeroPointsAreNoted) {
    Sketch sketch({1, 3, 4, 4});
    const ValueId x = sketch.quantize("q", sketch.input(), sketch.range("in", 0.01f, 7, 8, 0, 255));
    const Exported file =
        exportAndRead(sketch.finish("decoded", sketch.conv("c", x, {.weightBits = 4})), {}, qonnxQuantizers);
    ASSERT_EQ(file.result.notes.size(), 1u);
    EXPECT_NE(file.result.notes[0].find("odd zero point"), std::string::npos);
}

TEST(Qonnx, WhatItCannotSayIsListed) {
    Graph graph = net({4, 8});
    for (const NodeId id : graph.order())
        if (auto* op = std::get_if<FakeQuantize>(&graph.node(id).op)) op->format = NumberFormat::Half;
    const std::vector<std::string> issues = onnxIssues(graph, {}, qonnxQuantizers);
    EXPECT_EQ(issues.size(), 4u);
    EXPECT_NE(issues.at(0).find("no floating point of few bits"), std::string::npos) << issues[0];
    Graph odd = net({4, 8});
    for (const NodeId id : odd.order())
        if (auto* op = std::get_if<FakeQuantize>(&odd.node(id).op); op && op->qmin == 0) op->qmax = 200;
    EXPECT_NE(onnxIssues(odd, {}, qonnxQuantizers).at(0).find("no range of codes from 0 to 200"), std::string::npos);
}

// A trained network of others: two bits everywhere, read and executed.
TEST(Qonnx, InterpreterRunsAFileOfOthers) {
    QAT_REQUIRE_ASSETS(assets);
    const OnnxView file = readOnnx(assets / "models" / "tfc_2w2a_qonnx.onnx");
    const auto given =
        std::ranges::find_if(file.inputs, [&](const auto& in) { return !file.tensors.contains(in.first); });
    ASSERT_NE(given, file.inputs.end()) << "old files list what they store as inputs too";
    const auto& [name, shape] = *given;
    const QonnxValues run = interpret(file, {{name, randomTensor(shape, 3, 0, 1)}});
    for (const auto& [tensor, codes] : run.codes) EXPECT_LE(codes.abs().max().item<double>(), 255) << tensor;
    size_t ternary = 0;
    for (const auto& [tensor, codes] : run.codes) ternary += codes.abs().max().item<double>() <= 2;
    EXPECT_GE(ternary, 6u);
    EXPECT_EQ(run.tensors.at(file.outputs.begin()->first).size(1), 10);
}

}  // namespace
}  // namespace qat::test
