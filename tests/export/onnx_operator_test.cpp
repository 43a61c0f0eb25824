// Every operator in ONNX terms, without quantizers.
#include <gtest/gtest.h>

#include "base/error.h"
#include "export/read_onnx.h"
#include "export/sketch.h"

namespace qat::test {
namespace {

using Types = std::vector<std::string>;
using Numbers = std::vector<int64_t>;

TEST(OnnxOperators, ConvolutionIsCalledAfterItsLayerAndKeepsItsAttributes) {
    Sketch sketch({1, 4, 9, 9});
    const ValueId y =
        sketch.conv("model.2.m.0.cv1.conv", sketch.input(), {.in = 4, .out = 6, .stride = 2, .groups = 2});
    const Exported exported = exportAndRead(sketch.finish("decoded", y));
    const auto& conv = exported.view.only("Conv");
    EXPECT_EQ(conv.name, "/model.2/m.0/cv1/conv/Conv");
    EXPECT_EQ(conv.inputs, (Types{"images", "model.2.m.0.cv1.conv.weight", "model.2.m.0.cv1.conv.bias"}));
    EXPECT_EQ(conv.integers.at("pads"), (Numbers{1, 1, 1, 1}));
    EXPECT_EQ(conv.integers.at("strides"), (Numbers{2, 2}));
    EXPECT_EQ(conv.integers.at("kernel_shape"), (Numbers{3, 3}));
    EXPECT_EQ(conv.integers.at("group"), Numbers{2});
    EXPECT_EQ(exported.view.outputs.at("output0"), (Shape{1, 6, 5, 5}));
    EXPECT_EQ(exported.view.inputs.at("images"), (Shape{1, 4, 9, 9}));
}

TEST(OnnxOperators, FileHasOpset13AndIr7) {
    Sketch sketch({1, 3, 4, 4});
    const Exported exported = exportAndRead(sketch.finish("decoded", sketch.conv("c", sketch.input(), {})));
    EXPECT_EQ(exported.view.opset, 13);
    EXPECT_EQ(exported.view.irVersion, 7);
    EXPECT_EQ(exported.result.nodes, 1);
    EXPECT_EQ(exported.result.quantizedLayers, 0);
    EXPECT_EQ(exported.result.bytes, static_cast<int64_t>(exported.bytes.size()));
}

TEST(OnnxOperators, BatchNormKeepsItsEpsilon) {
    Sketch sketch({1, 3, 4, 4});
    std::vector<ValueId> inputs{sketch.input()};
    for (const char* name : {"weight", "bias", "running_mean", "running_var"})
        inputs.push_back(sketch.parameter(std::string("bn.") + name, {3}, 0.5, 1.5));
    const ValueId y = sketch.graph.add("bn", BatchNorm{.eps = 1e-3}, inputs);
    const Exported exported = exportAndRead(sketch.finish("decoded", y));
    EXPECT_FLOAT_EQ(exported.view.only("BatchNormalization").floats.at("epsilon"), 1e-3f);
}

TEST(OnnxOperators, SiluIsSigmoidAndProduct) {
    Sketch sketch({1, 3, 4, 4});
    const ValueId y = sketch.graph.add("model.0.act", Activation{ActivationKind::Silu}, {sketch.input()});
    const Exported exported = exportAndRead(sketch.finish("decoded", y));
    EXPECT_EQ(exported.view.types(), (Types{"Sigmoid", "Mul"}));
    EXPECT_EQ(exported.view.only("Mul").inputs, (Types{"images", "/model.0/act/Sigmoid_output_0"}));
    EXPECT_EQ(exported.view.only("Mul").name, "/model.0/act/Mul");
}

TEST(OnnxOperators, ShapesOpsAndArithmetic) {
    Sketch sketch({1, 4, 6, 6});
    Graph& graph = sketch.graph;
    const NodeId split = graph.addNode("split", Split{1, {1, 3}}, {sketch.input()}, 2);
    const std::vector<ValueId> parts = graph.node(split).outputs;
    ValueId x = graph.add("slice", Slice{1, 1, 100}, {parts[1]});
    x = graph.add("pool", Pool{PoolKind::Max, {5, 5}, {1, 1}, {2, 2}}, {x});
    x = graph.add("average", Pool{PoolKind::Average, {3, 3}, {2, 2}, {1, 1}}, {x});
    x = graph.add("up", Resize{2}, {x});
    x = graph.add("concat", Concat{1}, {x, parts[0]});
    x = graph.add("reshape", Reshape{{0, 3, -1}}, {x});
    x = graph.add("permute", Permute{{0, 2, 1}}, {x});
    x = graph.add("softmax", Softmax{2}, {x});
    for (const BinaryKind kind : {BinaryKind::Add, BinaryKind::Sub, BinaryKind::Mul, BinaryKind::Div})
        x = graph.add("binary" + std::to_string(static_cast<int>(kind)), Binary{kind}, {x, x});
    x = graph.add("relu", Activation{ActivationKind::Relu}, {x});
    const Exported exported = exportAndRead(sketch.finish("decoded", x));
    EXPECT_EQ(exported.view.types(), (Types{"Split", "Slice", "MaxPool", "AveragePool", "Resize", "Concat", "Reshape",
                                            "Transpose", "Softmax", "Add", "Sub", "Mul", "Div", "Relu"}));
    EXPECT_EQ(exported.view.tensor(exported.view.only("Split").inputs[1]).values, (std::vector<double>{1, 3}));
    EXPECT_EQ(exported.view.only("Resize").texts.at("nearest_mode"), "floor");
    EXPECT_EQ(exported.view.only("Resize").texts.at("coordinate_transformation_mode"), "asymmetric");
    EXPECT_EQ(exported.view.tensor(exported.view.only("Resize").inputs[2]).values, (std::vector<double>{1, 1, 2, 2}));
    EXPECT_EQ(exported.view.only("MaxPool").integers.at("pads"), (Numbers{2, 2, 2, 2}));
    EXPECT_EQ(exported.view.outputs.at("output0"), (Shape{1, 36, 3}));
}

TEST(OnnxOperators, LinearIsGemmWithTransposedWeight) {
    Sketch sketch({2, 5});
    const std::vector<ValueId> inputs{sketch.input(), sketch.parameter("fc.weight", {3, 5}, -1, 1),
                                      sketch.parameter("fc.bias", {3}, -1, 1)};
    const Exported exported = exportAndRead(sketch.finish("decoded", sketch.graph.add("fc", Linear{}, inputs)));
    EXPECT_EQ(exported.view.only("Gemm").integers.at("transB"), Numbers{1});
    EXPECT_EQ(exported.view.outputs.at("output0"), (Shape{2, 3}));
}

TEST(OnnxOperators, AnchorPointsBecomeConstants) {
    Sketch sketch({1, 3, 4, 6});
    const ValueId coarse = sketch.graph.add("coarse", Pool{}, {sketch.input()});
    const NodeId anchors = sketch.graph.addNode("anchors", AnchorPoints{{8, 16}}, {sketch.input(), coarse}, 2);
    const std::vector<ValueId> made = sketch.graph.node(anchors).outputs;
    const ValueId y = sketch.graph.add("scale", Binary{BinaryKind::Mul}, {made[0], made[1]});
    const Exported exported = exportAndRead(sketch.finish("decoded", y));
    EXPECT_EQ(exported.view.types(), Types{"Mul"}) << "the maps' contents do not matter";
    const auto& points = exported.view.tensor("/anchors/points");
    const auto& strides = exported.view.tensor("/anchors/strides");
    EXPECT_EQ(points.shape, (Shape{1, 2, 30}));
    EXPECT_EQ(strides.shape, (Shape{1, 1, 30}));
    EXPECT_EQ(points.values[7], 1.5) << "x runs fastest";
    EXPECT_EQ(points.values[30 + 7], 1.5) << "second row";
    EXPECT_EQ(points.values[24 + 4], 1.5) << "coarse map, second row";
    EXPECT_EQ(strides.values[23], 8);
    EXPECT_EQ(strides.values[24], 16);
}

TEST(OnnxOperators, SimplifyLeavesOutWhatChangesNothing) {
    const auto draw = [] {
        Sketch sketch({1, 4, 6, 6});
        Graph& graph = sketch.graph;
        ValueId x = graph.add("slice", Slice{1, 0, 4}, {sketch.input()});
        x = graph.add("concat", Concat{1}, {x});
        x = graph.add("permute", Permute{{0, 1, 2, 3}}, {x});
        x = graph.add("reshape", Reshape{{1, 4, 6, 6}}, {x});
        x = graph.node(graph.addNode("split", Split{1, {4}}, {x})).outputs[0];
        return sketch.finish("decoded", graph.add("relu", Activation{ActivationKind::Relu}, {x}));
    };
    EXPECT_EQ(exportAndRead(draw(), {.simplify = true}).view.types(), Types{"Relu"});
    EXPECT_EQ(exportAndRead(draw(), {.simplify = false}).view.types(),
              (Types{"Slice", "Concat", "Transpose", "Reshape", "Split", "Relu"}));
}

TEST(OnnxOperators, OnlyTheDecodedOutputIsWritten) {
    Sketch sketch({1, 3, 4, 4});
    const ValueId raw = sketch.conv("raw", sketch.input(), {});
    const ValueId decoded = sketch.graph.add("decode", Activation{ActivationKind::Sigmoid}, {raw});
    sketch.graph.setOutput("head.0", sketch.graph.add("unused", Activation{ActivationKind::Relu}, {raw}));
    const Exported exported = exportAndRead(sketch.finish("decoded", decoded));
    EXPECT_EQ(exported.view.types(), (Types{"Conv", "Sigmoid"}));
    EXPECT_EQ(exported.view.outputs.size(), 1u);
    EXPECT_EQ(exported.view.only("Sigmoid").outputs, Types{"output0"});
}

TEST(OnnxOperators, WithoutDecodedEveryOutputIsWrittenAlsoTwiceTheSameOrTheInput) {
    Sketch sketch({1, 3, 4, 4});
    const ValueId y = sketch.conv("c", sketch.input(), {});
    sketch.graph.setOutput("a", y);
    sketch.graph.setOutput("b", y);
    sketch.graph.setOutput("c", sketch.input());
    const Exported exported = exportAndRead(sketch.finish());
    EXPECT_EQ(exported.view.types(), (Types{"Conv", "Identity", "Identity"}));
    EXPECT_EQ(exported.view.maker("output0").type, "Conv");
    EXPECT_EQ(exported.view.maker("output1").inputs, Types{"output0"});
    EXPECT_EQ(exported.view.maker("output2").inputs, Types{"images"});
}

}  // namespace
}  // namespace qat::test
