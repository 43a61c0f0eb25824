#include "export/qonnx.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <span>

#include "base/error.h"
#include "export/stored_values.h"
#include "ops/fake_quantize.h"

namespace qat {
namespace {

// How a range of codes is said.
struct WholeRange {
    int64_t bits = 0;
    bool isSigned = false, narrow = false;
};

std::optional<WholeRange> wholeRange(int64_t least, int64_t most) {
    for (int64_t bits = 1; bits <= 16; ++bits) {
        const int64_t half = int64_t{1} << (bits - 1);
        if (least == -half && most == half - 1) return WholeRange{bits, true, false};
        if (bits > 1 && least == 1 - half && most == half - 1) return WholeRange{bits, true, true};
        if (least == 0 && most == 2 * half - 1) return WholeRange{bits, false, false};
        if (bits > 1 && least == 0 && most == 2 * half - 2) return WholeRange{bits, false, true};
    }
    return std::nullopt;
}

// One number, or one along the axis of a tensor of `rank` dimensions.
Shape shapeAlong(const Grid& grid, size_t rank, size_t count) {
    if (grid.axis < 0) return {};
    Shape shape(rank, 1);
    shape.at(static_cast<size_t>(grid.axis)) = static_cast<int64_t>(count);
    return shape;
}

}  // namespace

void QonnxWriter::requireExpressible(const Grid& grid) const {
    require(grid.format == NumberFormat::Integer || grid.format == NumberFormat::Binary, ErrorKind::Unsupported,
            "QONNX has whole numbers and signs, no floating point of few bits");
    require(grid.group == 0, ErrorKind::Unsupported,
            "QONNX has a scale for a tensor or a channel, none for groups of inputs");
    require(grid.format == NumberFormat::Binary || wholeRange(grid.qmin, grid.qmax), ErrorKind::Unsupported,
            "QONNX has no range of codes from ", grid.qmin, " to ", grid.qmax);
}

std::string QonnxWriter::nodeOf(const std::string& tensor, const Grid& grid, size_t rank) {
    const QuantRecord numbers = m_numbers.record(tensor, "", 0, grid);
    const Shape shape = shapeAlong(grid, rank, numbers.scales.size());
    const std::string scale = m_builder.floatConstant(tensor + "_scale", shape, numbers.scales);
    const auto add = [&](const char* op, const std::vector<std::string>& inputs,
                         const std::vector<OnnxAttribute>& attributes) {
        const std::string made = m_builder.addDomainNode({kDomain, kDomainVersion}, str(tensor, "_", op), op, inputs,
                                                         tensor + "_quantized", attributes);
        m_builder.addValueInfo(made, OnnxType::Float, rank);
        return made;
    };
    if (grid.format == NumberFormat::Binary) return add("BipolarQuant", {tensor, scale}, {});
    const WholeRange range = *wholeRange(grid.qmin, grid.qmax);
    const std::vector<float> zeros(numbers.zeroPoints.begin(), numbers.zeroPoints.end());
    const auto bits = static_cast<float>(range.bits);
    return add("Quant",
               {tensor, scale, m_builder.floatConstant(tensor + "_zeropt", shape, zeros),
                m_builder.floatConstant(tensor + "_bitwidth", {}, std::span(&bits, 1))},
               {{"signed", int64_t{range.isSigned}},
                {"narrow", int64_t{range.narrow}},
                {"rounding_mode", std::string("ROUND")}});
}

QuantizedTensor QonnxWriter::quantize(const std::string& tensor, const Grid& grid, size_t rank) {
    QuantizedTensor made{nodeOf(tensor, grid, rank)};
    const QuantRecord numbers = m_numbers.record(tensor, "", 0, grid);
    if (std::ranges::any_of(numbers.zeroPoints, [](int64_t zero) { return zero % 2 != 0; }))
        made.note =
            str(tensor, " has an odd zero point: QONNX adds it before rounding, so exact halves go the other way");
    return made;
}

QuantizedTensor QonnxWriter::quantizeStored(const Value& value, const Grid& grid) {
    const QuantRecord numbers = m_numbers.record(value.name, "", 0, grid);
    const FakeQuantize op{.qmin = grid.qmin, .qmax = grid.qmax, .axis = grid.axis, .format = grid.format};
    const std::vector<float> zeros(numbers.zeroPoints.begin(), numbers.zeroPoints.end());
    const at::Tensor onGrid =
        fakeQuantize(op, storedTensor(value), at::tensor(numbers.scales), at::tensor(zeros)).contiguous();
    const std::span stored(onGrid.data_ptr<float>(), static_cast<size_t>(onGrid.numel()));
    return {nodeOf(m_builder.addFloats(value.name, value.shape, stored), grid, value.shape.size())};
}

std::string QonnxWriter::dequantize(const IntegerTensor& tensor) {
    fail(ErrorKind::Internal, "QONNX files hold no integers, but ", tensor.tensor, " was asked for as some");
}

std::unique_ptr<OnnxQuantizers> qonnxQuantizers(const Graph& graph, OnnxBuilder& builder) {
    return std::make_unique<QonnxWriter>(graph, builder);
}

}  // namespace qat
