// Numbers that are no bytes on one scale, as the file has them.
#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include "base/error.h"
#include "export/read_onnx.h"
#include "export/sketch.h"

namespace qat::test {
namespace {

using Types = std::vector<std::string>;

// input -> quantizer -> convolution with a quantizer for its weight, 27 inputs a channel
Graph block(NumberFormat format, int64_t qmin, int64_t qmax, int64_t group = 0, int64_t scales = 1) {
    Sketch sketch({1, 3, 8, 8});
    FakeQuantize op{.bits = 4, .qmin = qmin, .qmax = qmax, .format = format};
    const bool scaled = format != NumberFormat::Half;
    const ValueId scale = sketch.numbers("in.scale", {1}, {scaled ? 0.01f : 1.f}),
                  zero = sketch.numbers("in.zero", {1}, {0.f});
    const ValueId x = sketch.graph.add("in", op, {sketch.input(), scale, zero});
    const ValueId weight = sketch.parameter("conv.weight", {4, 3, 3, 3}, -0.5, 0.5);
    op.weight = true, op.axis = group > 0 ? 0 : -1, op.group = group;
    const ValueId weightScale = scaled ? sketch.parameter("conv.weight.scale", {scales}, 0.05, 0.08)
                                       : sketch.numbers("conv.weight.scale", {1}, {1.f});
    const ValueId weightZero =
        sketch.numbers("conv.weight.zero", {scales}, std::vector<float>(static_cast<size_t>(scales), 0.f));
    const ValueId quantized = sketch.graph.add("conv.weight.quant", op, {weight, weightScale, weightZero});
    return sketch.finish("decoded", sketch.graph.add("conv", Conv2d{.padding = {1, 1}}, {x, quantized}));
}

TEST(OnnxFormats, HalfIsACastThereAndBack) {
    const Exported exported = exportAndRead(block(NumberFormat::Half, -65504, 65504));
    EXPECT_EQ(exported.view.types(), (Types{"Clip", "Cast", "Cast", "Cast", "Conv"}));
    EXPECT_EQ(exported.view.tensor("conv.weight_half").type, 10);
    EXPECT_EQ(exported.result.quantizedLayers, 1);
}

TEST(OnnxFormats, EightBitFloatsAreRefusedBeforeAnythingIsWritten) {
    try {
        exportAndRead(block(NumberFormat::E4m3, -448, 448));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
        EXPECT_NE(std::string(error.what()).find("need opset 19"), std::string::npos) << error.what();
    }
}

TEST(OnnxFormats, SignsAreAChoiceOfTwoNumbersAndWeightsBytes) {
    const Exported exported = exportAndRead(block(NumberFormat::Binary, -1, 1));
    EXPECT_EQ(exported.view.types(), (Types{"Less", "Where", "DequantizeLinear", "Conv"}));
    for (const double code : exported.view.tensor("conv.weight_quantized").values) EXPECT_EQ(std::abs(code), 1);
}

TEST(OnnxFormats, GroupsAreRowsOfAMatrixWithANote) {
    const Exported short_ = exportAndRead(block(NumberFormat::Integer, -7, 7, 8, 16));
    EXPECT_EQ(short_.view.tensor("conv.weight_quantized").shape, (Shape{16, 8}))
        << "27 inputs: groups of 8, 8, 8 and 3, filled up";
    EXPECT_EQ(short_.view.count("Slice"), 1u);
    EXPECT_EQ(short_.view.count("Reshape"), 2u);
    ASSERT_EQ(short_.result.notes.size(), 1u);
    EXPECT_NE(short_.result.notes[0].find("groups of 8 numbers are the rows of a matrix"), std::string::npos);
    const Exported whole = exportAndRead(block(NumberFormat::Integer, -7, 7, 9, 12));
    EXPECT_EQ(whole.view.count("Slice"), 0u);
    EXPECT_EQ(whole.view.count("Reshape"), 1u);
}

}  // namespace
}  // namespace qat::test
