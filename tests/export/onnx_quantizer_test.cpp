// Quantizers in ONNX terms: what becomes integers, on which grid, and what stays in float.
#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "export/read_onnx.h"
#include "export/sketch.h"

namespace qat::test {
namespace {

using Types = std::vector<std::string>;
using Numbers = std::vector<int64_t>;

constexpr int kFloat = 1, kUint8 = 2, kInt8 = 3, kInt32 = 6;

// input -> quantizer -> convolution with quantized weight -> activation -> quantizer
Graph block(ActivationKind activation, int64_t weightBits, int64_t bits, int64_t qmin, int64_t qmax, float zero) {
    Sketch sketch({1, 3, 8, 8});
    const ValueId x = sketch.quantize("input_quant", sketch.input(), sketch.range("in", 0.01f, zero, bits, qmin, qmax));
    ValueId y = sketch.conv("model.0.conv", x, {.weightBits = weightBits});
    y = sketch.graph.add("model.0.act", Activation{activation}, {y});
    return sketch.finish("decoded",
                         sketch.quantize("model.0.act_quant", y, sketch.range("out", 0.02f, 0, bits, 0, qmax - qmin)));
}

TEST(OnnxQuantizers, EightBitBlockHoldsDataAndWeightsInBytes) {
    const Exported exported = exportAndRead(block(ActivationKind::Silu, 8, 8, -128, 127, 3));
    EXPECT_EQ(exported.view.types(), (Types{"QuantizeLinear", "DequantizeLinear", "DequantizeLinear", "Conv", "Sigmoid",
                                            "Mul", "QuantizeLinear", "DequantizeLinear"}));
    EXPECT_EQ(exported.result.quantizedLayers, 1);
    EXPECT_EQ(exported.view.nodes[0].name, "images_QuantizeLinear");
    EXPECT_EQ(exported.view.nodes[0].inputs, (Types{"images", "images_scale", "images_zero_point"}));
    EXPECT_EQ(exported.view.nodes[0].outputs, Types{"images_quantized"});
    EXPECT_EQ(exported.view.tensor("images_zero_point").type, kInt8);
    EXPECT_EQ(exported.view.tensor("images_zero_point").values, std::vector<double>{3});
    EXPECT_EQ(exported.view.tensor("images_scale").values, std::vector<double>{0.01f});
    EXPECT_EQ(exported.view.tensor("/model.0/act/Mul_output_0_zero_point").type, kUint8);
    EXPECT_EQ(exported.view.maker("output0").type, "DequantizeLinear");
    EXPECT_EQ(exported.view.outputs.at("output0"), (Shape{1, 4, 8, 8}));
}

TEST(OnnxQuantizers, WeightCodesAreThoseOfTheFormulaAlongAxisZero) {
    const Graph graph = block(ActivationKind::Silu, 8, 8, 0, 255, 0);
    const Exported exported = exportAndRead(graph);
    const auto& codes = exported.view.tensor("model.0.conv.weight_quantized");
    const at::Tensor weight = graph.value(*graph.findValue("model.0.conv.weight")).data->reshape({4, -1});
    const at::Tensor scale = graph.value(*graph.findValue("model.0.conv.weight.scale")).data->reshape({4, 1});
    const at::Tensor expected = at::clamp(at::round(weight / scale), -127, 127).to(at::kDouble).contiguous();
    ASSERT_EQ(codes.shape, (Shape{4, 3, 3, 3}));
    ASSERT_EQ(codes.type, kInt8);
    EXPECT_TRUE(std::ranges::equal(codes.values, std::span(expected.data_ptr<double>(), 4 * 27)));
    const auto& dequantize = exported.view.maker("model.0.conv.weight_dequantized");
    EXPECT_EQ(dequantize.integers.at("axis"), Numbers{0});
    EXPECT_EQ(exported.view.tensor(dequantize.inputs[1]).shape, Shape{4});
    EXPECT_EQ(exported.view.tensor(dequantize.inputs[2]).values, (std::vector<double>{0, 0, 0, 0}));
}

TEST(OnnxQuantizers, NarrowGridsAreClippedBetweenIntegersAndStoredWeightsNeedNoClip) {
    const Exported exported = exportAndRead(block(ActivationKind::Silu, 4, 4, 0, 15, 0));
    EXPECT_EQ(exported.view.count("Clip"), 2u);
    const auto& clip = exported.view.maker("images_clipped");
    EXPECT_EQ(exported.view.tensor(clip.inputs[1]).values, std::vector<double>{0});
    EXPECT_EQ(exported.view.tensor(clip.inputs[2]).values, std::vector<double>{15});
    EXPECT_EQ(exported.view.tensor(clip.inputs[2]).type, kUint8);
    const auto& codes = exported.view.tensor("model.0.conv.weight_quantized").values;
    EXPECT_EQ(*std::ranges::min_element(codes), -7);
    EXPECT_EQ(*std::ranges::max_element(codes), 7);
}

TEST(OnnxQuantizers, WideDataIsComputedInFloatAndWideWeightsAreStoredInInt32) {
    const Exported exported = exportAndRead(block(ActivationKind::Silu, 16, 16, 0, 65535, 32768));
    EXPECT_EQ(exported.view.count("QuantizeLinear"), 0u);
    const Types types = exported.view.types();
    EXPECT_EQ(Types(types.begin(), types.begin() + 6), (Types{"Mul", "Round", "Add", "Clip", "Sub", "Mul"}));
    const auto& dequantize = exported.view.only("DequantizeLinear");
    EXPECT_EQ(dequantize.inputs.size(), 2u) << "int32 has no zero point";
    const auto& codes = exported.view.tensor("model.0.conv.weight_quantized");
    EXPECT_EQ(codes.type, kInt32);
    EXPECT_GT(*std::ranges::max_element(codes.values), 20000);
    EXPECT_LE(*std::ranges::max_element(codes.values), 32767);
    EXPECT_EQ(exported.result.quantizedLayers, 1);
}

TEST(OnnxQuantizers, BiasIsAnInt32OnTheProductGridWhereIntegerKernelsCanTakeOver) {
    const Graph graph = block(ActivationKind::Relu, 8, 8, 0, 255, 0);
    const Exported exported = exportAndRead(graph);
    const auto& codes = exported.view.tensor("model.0.conv.bias_quantized");
    const auto& scales = exported.view.tensor("model.0.conv.bias_scale");
    const float* bias = graph.value(*graph.findValue("model.0.conv.bias")).data->data_ptr<float>();
    const float* weightScale = graph.value(*graph.findValue("model.0.conv.weight.scale")).data->data_ptr<float>();
    ASSERT_EQ(codes.type, kInt32);
    for (size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(scales.values[i], 0.01f * weightScale[i]);
        EXPECT_EQ(codes.values[i], std::nearbyint(bias[i] / scales.values[i]));
    }
    EXPECT_EQ(exported.view.maker(exported.view.only("Conv").inputs[2]).type, "DequantizeLinear");
}

TEST(OnnxQuantizers, BiasStaysExactInFrontOfFloatActivationsUnlessAskedFor) {
    const Graph silu = block(ActivationKind::Silu, 8, 8, 0, 255, 0);
    EXPECT_EQ(exportAndRead(silu).view.only("Conv").inputs[2], "model.0.conv.bias");
    EXPECT_TRUE(exportAndRead(silu, {.bias = OnnxBias::Int32}).view.tensors.contains("model.0.conv.bias_quantized"));
    const Graph relu = block(ActivationKind::Relu, 8, 8, 0, 255, 0);
    EXPECT_EQ(exportAndRead(relu, {.bias = OnnxBias::Float}).view.only("Conv").inputs[2], "model.0.conv.bias");
}

TEST(OnnxQuantizers, ABiasThatDoesNotFitInt32StaysInFloatAndIsReported) {
    Sketch sketch({1, 1, 4, 4});
    const ValueId x = sketch.quantize("q", sketch.input(), sketch.range("in", 1e-5f, 0, 8, 0, 255));
    const ValueId weight = sketch.numbers("c.weight", {1, 1, 1, 1}, {0.f});
    const ValueId scale = sketch.numbers("c.scale", {1}, {1e-7f});
    const ValueId zero = sketch.numbers("c.zero", {1}, {0.f});
    const FakeQuantize op{.bits = 8, .qmin = -127, .qmax = 127, .axis = 0, .weight = true};
    const ValueId quantized = sketch.graph.add("c.wq", op, {weight, scale, zero});
    const ValueId y = sketch.graph.add("c", Conv2d{}, {x, quantized, sketch.numbers("c.bias", {1}, {5.f})});
    const Exported exported = exportAndRead(sketch.finish("decoded", y), {.bias = OnnxBias::Int32});
    EXPECT_EQ(exported.view.only("Conv").inputs[2], "c.bias");
    ASSERT_EQ(exported.result.notes.size(), 1u);
    EXPECT_TRUE(exported.result.notes[0].starts_with("c: the bias stays in float"));
}

TEST(OnnxQuantizers, MembersOfAScaleGroupShareTheirScaleAndStayIntegers) {
    Sketch sketch({1, 3, 8, 8});
    const Range group = sketch.range("group", 0.05f, 0, 8, 0, 255);
    const ValueId a = sketch.quantize("qa", sketch.conv("a", sketch.input(), {}), group);
    const ValueId b = sketch.quantize("qb", sketch.conv("b", sketch.input(), {}), group);
    const ValueId joined = sketch.graph.add("cat", Concat{1}, {a, b});
    const ValueId y = sketch.conv("c", joined, {.in = 8, .weightBits = 8});
    const Exported exported = exportAndRead(sketch.finish("decoded", y));
    EXPECT_EQ(exported.view.types(),
              (Types{"Conv", "QuantizeLinear", "Conv", "QuantizeLinear", "DequantizeLinear", "DequantizeLinear",
                     "Concat", "QuantizeLinear", "DequantizeLinear", "DequantizeLinear", "Conv"}));
    for (const auto& node : exported.view.nodes)
        if (node.type == "QuantizeLinear") {
            EXPECT_EQ(node.inputs[1], "/a/Conv_output_0_scale");
        }
}

TEST(OnnxQuantizers, JoiningTwoGridsMakesFloats) {
    Sketch sketch({1, 3, 8, 8});
    const ValueId a = sketch.quantize("qa", sketch.input(), sketch.range("a", 0.05f, 0, 8, 0, 255));
    const ValueId b = sketch.quantize("qb", sketch.input(), sketch.range("b", 0.06f, 0, 8, 0, 255));
    const ValueId y = sketch.conv("c", sketch.graph.add("cat", Concat{1}, {a, b}), {.in = 6, .weightBits = 8});
    const Exported exported = exportAndRead(sketch.finish("decoded", y));
    EXPECT_EQ(exported.view.only("Conv").inputs[0], exported.view.only("Concat").outputs[0]);
}

TEST(OnnxQuantizers, OperatorsThatOnlyMoveNumbersStandBetweenIntegersAndEveryReaderHasItsOwnDequantizer) {
    Sketch sketch({1, 4, 8, 8});
    Graph& graph = sketch.graph;
    ValueId x = sketch.quantize("q", sketch.input(), sketch.range("r", 0.05f, 0, 4, 0, 15));
    const std::vector<ValueId> parts = graph.node(graph.addNode("split", Split{1, {2, 2}}, {x}, 2)).outputs;
    x = graph.add("pool", Pool{PoolKind::Max, {5, 5}, {1, 1}, {2, 2}}, {parts[1]});
    x = graph.add("up", Resize{2}, {graph.add("slice", Slice{1, 1, 2}, {x})});
    const ValueId y = sketch.conv("c", x, {.in = 1, .weightBits = 4});
    sketch.graph.setOutput("second", sketch.conv("d", parts[0], {.in = 2, .weightBits = 4}));
    const Exported exported = exportAndRead(sketch.finish("first", y, OutputRole::None));
    EXPECT_EQ(exported.view.count("Clip"), 1u) << "values on the grid need no second clip";
    std::set<std::string> read;
    for (const auto& node : exported.view.nodes) {
        if (node.type == "DequantizeLinear") continue;
        for (const auto& input : node.inputs)
            if (input.find("_dequantized") != std::string::npos) {
                EXPECT_TRUE(read.insert(input).second) << input;
            }
        if (node.type == "Split" || node.type == "MaxPool" || node.type == "Slice" || node.type == "Resize") {
            EXPECT_EQ(exported.view.maker(node.inputs[0]).type, "DequantizeLinear") << node.name;
        }
    }
    EXPECT_EQ(exported.view.maker(exported.view.maker(exported.view.nodes.back().inputs[0]).inputs[0]).type,
              "QuantizeLinear");
    EXPECT_EQ(exported.view.count("QuantizeLinear"), 6u);
}

TEST(OnnxQuantizers, TheSameGridTwiceIsWrittenOnce) {
    Sketch sketch({1, 4, 8, 8});
    const Range range = sketch.range("r", 0.05f, 0, 8, 0, 255);
    const ValueId once = sketch.quantize("q1", sketch.input(), range);
    const ValueId y = sketch.conv("c", sketch.quantize("q2", once, range), {.in = 4});
    const Graph graph = sketch.finish("decoded", y);
    EXPECT_EQ(exportAndRead(graph, {.simplify = true}).view.count("QuantizeLinear"), 1u);
    EXPECT_EQ(exportAndRead(graph, {.simplify = false}).view.count("QuantizeLinear"), 2u);
}

TEST(OnnxQuantizers, AZeroPointOutsideTheBytesIsComputedInFloat) {
    Sketch sketch({1, 3, 4, 4});
    const ValueId x = sketch.quantize("q", sketch.input(), sketch.range("r", 0.05f, -20, 8, 0, 255));
    const Exported exported = exportAndRead(sketch.finish("decoded", x));
    EXPECT_EQ(exported.view.types(), (Types{"Mul", "Round", "Add", "Clip", "Sub", "Mul"}));
}

TEST(OnnxQuantizers, ParametersAreToldInTheMetadata) {
    const Exported exported = exportAndRead(block(ActivationKind::Silu, 4, 8, 0, 255, 7));
    const auto told = nlohmann::json::parse(exported.view.metadata.at("qwb.quant"));
    ASSERT_EQ(told.at("tensors").size(), 3u);
    const auto& input = told.at("tensors")[0];
    EXPECT_EQ(input.at("kind"), "activation");
    EXPECT_EQ(input.at("dtype"), "uint8");
    EXPECT_EQ(input.at("zero_points"), nlohmann::json::array({7}));
    EXPECT_EQ(input.at("scales").dump(), "[0.01]") << "shortest digits of the float32";
    EXPECT_FALSE(input.at("narrow"));
    const auto& weight = told.at("tensors")[1];
    EXPECT_EQ(weight.at("name"), "model.0.conv.weight");
    EXPECT_EQ(weight.at("dtype"), "int4");
    EXPECT_TRUE(weight.at("narrow"));
    EXPECT_EQ(weight.at("axis"), 0);
    EXPECT_EQ(weight.at("scales").size(), 4u);
    EXPECT_FALSE(exportAndRead(block(ActivationKind::Silu, 4, 8, 0, 255, 7), {.includeQuantParams = false})
                     .view.metadata.contains("qwb.quant"));
}

}  // namespace
}  // namespace qat::test
