// Writes quantizers: bytes between QuantizeLinear and DequantizeLinear where they fit, float arithmetic elsewhere.
#include "export/qdq.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "base/error.h"
#include "export/stored_values.h"
#include "ops/fake_quantize.h"
#include "ops/integer_ops.h"

namespace qat {
namespace {

struct Range {
    int64_t least, most;
};

OnnxType byteType(const Grid& grid) {
    return grid.qmin >= 0 ? OnnxType::Uint8 : OnnxType::Int8;
}

Range rangeOf(OnnxType type) {
    if (type == OnnxType::Uint8) return {0, 255};
    if (type == OnnxType::Int8) return {-128, 127};
    return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
}

// Shape that spreads a vector along the grid's axis of a tensor with `rank` dimensions; [] for one number.
Shape spreadShape(const Grid& grid, size_t rank, size_t count) {
    if (grid.axis < 0) return {};
    Shape shape(rank, 1);
    require(static_cast<size_t>(grid.axis) < rank, ErrorKind::BadInput, "the quantizer's axis ", grid.axis,
            " does not exist in a tensor of ", rank, " dimensions");
    shape[static_cast<size_t>(grid.axis)] = static_cast<int64_t>(count);
    return shape;
}

int64_t sizeOf(const Shape& shape) {
    return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

// The tensor's numbers, which are of the type's range, as the file holds them.
std::string bytesOf(const at::Tensor& numbers, OnnxType type) {
    const at::ScalarType element = type == OnnxType::Uint8  ? at::kByte
                                   : type == OnnxType::Int8 ? at::kChar
                                   : type == OnnxType::Half ? at::kHalf
                                                            : at::kInt;
    std::string bytes(static_cast<size_t>(numbers.numel()) * at::elementSize(element), '\0');
    at::from_blob(bytes.data(), numbers.sizes(), element).copy_(numbers);
    return bytes;
}

std::vector<float> asFloats(std::span<const int64_t> whole) {
    return {whole.begin(), whole.end()};
}

}  // namespace

QdqWriter::Parameters QdqWriter::readParameters(const Grid& grid) const {
    const Value& scale = m_graph.value(grid.scale);
    const Value& zeroPoint = m_graph.value(grid.zeroPoint);
    Parameters read{storedFloats(scale), {}, true};
    const std::vector<float> zeros = storedFloats(zeroPoint);
    require(!read.scales.empty() && zeros.size() == read.scales.size(), ErrorKind::BadInput, scale.name, " and ",
            zeroPoint.name, " differ in size");
    for (float& s : read.scales) s = std::max(s, std::numeric_limits<float>::min());  // as in the simulation
    for (const float z : zeros) {
        require(z == std::rint(z) && std::abs(z) <= 65536.f, ErrorKind::BadInput, zeroPoint.name,
                " holds a zero point of ", z, " which is not a whole number of at most 16 bits");
        read.zeroPoints.push_back(static_cast<int64_t>(z));
        read.zeroOnly = read.zeroOnly && z == 0;
    }
    return read;
}

const QdqWriter::Parameters& QdqWriter::parameters(const Grid& grid) {
    const auto [entry, added] = m_parameters.try_emplace({grid.scale, grid.zeroPoint});
    if (added) {
        try {
            entry->second = readParameters(grid);
        } catch (...) {
            m_parameters.erase(entry);
            throw;
        }
    }
    require(grid.axis >= 0 || entry->second.scales.size() == 1, ErrorKind::BadInput, m_graph.value(grid.scale).name,
            " holds ", entry->second.scales.size(), " scales for a quantizer without axis");
    require(grid.qmin < grid.qmax && grid.qmin >= -65536 && grid.qmax <= 65536, ErrorKind::Unsupported,
            "a quantizer has the range ", grid.qmin, "..", grid.qmax, ", which is wider than 16 bits or empty");
    return entry->second;
}

bool QdqWriter::fitsBytes(const Grid& grid) {
    const Range storage = rangeOf(byteType(grid));
    if (isFloat(grid.format) || grid.qmin < storage.least || grid.qmax > storage.most) return false;
    return std::ranges::all_of(parameters(grid).zeroPoints,
                               [&](int64_t zero) { return zero >= storage.least && zero <= storage.most; });
}

std::string QdqWriter::scaleName(const std::string& tensor, const Grid& grid) {
    std::string& name = m_scaleNames[{grid.scale, grid.axis >= 0}];
    if (!name.empty()) return name;
    const auto& scales = parameters(grid).scales;
    const Shape shape = grid.axis < 0 ? Shape{} : Shape{static_cast<int64_t>(scales.size())};
    name = m_builder.addFloats(tensor + "_scale", shape, scales);
    return name;
}

std::string QdqWriter::zeroPointName(const std::string& tensor, const Grid& grid, OnnxType storage) {
    std::string& name = m_zeroPointNames[{grid.zeroPoint, grid.axis >= 0, storage}];
    if (!name.empty()) return name;
    const auto& zeros = parameters(grid).zeroPoints;
    const Shape shape = grid.axis < 0 ? Shape{} : Shape{static_cast<int64_t>(zeros.size())};
    name = m_builder.addIntegers(tensor + "_zero_point", storage, shape, zeros);
    return name;
}

IntegerTensor QdqWriter::quantizeOnGrid(const std::string& tensor, const Grid& grid) {
    ensure(fitsBytes(grid), "grid that fits bytes");
    IntegerTensor made{tensor, "", scaleName(tensor, grid), "", grid, byteType(grid)};
    made.zeroPoint = zeroPointName(tensor, grid, made.storage);
    std::vector<OnnxAttribute> attributes;
    if (grid.axis >= 0) attributes.push_back({"axis", grid.axis});
    made.integers = m_builder.addNamedNode(tensor + "_QuantizeLinear", "QuantizeLinear",
                                           {tensor, made.scale, made.zeroPoint}, tensor + "_quantized", attributes);
    return made;
}

IntegerTensor QdqWriter::quantizeToBytes(const std::string& tensor, const Grid& grid) {
    IntegerTensor made = quantizeOnGrid(tensor, grid);
    const Range storage = rangeOf(made.storage);
    if (grid.qmin == storage.least && grid.qmax == storage.most) return made;
    const auto bound = [&](const char* suffix, int64_t value) {
        return m_builder.integerConstant(tensor + suffix, made.storage, {}, std::span(&value, 1));
    };
    made.integers = m_builder.addNamedNode(tensor + "_Clip", "Clip",
                                           {made.integers, bound("_qmin", grid.qmin), bound("_qmax", grid.qmax)},
                                           tensor + "_clipped");
    return made;
}

std::string QdqWriter::dequantize(const IntegerTensor& tensor) {
    std::vector<std::string> inputs{tensor.integers, tensor.scale};
    if (!tensor.zeroPoint.empty()) inputs.push_back(tensor.zeroPoint);
    std::vector<OnnxAttribute> attributes;
    if (tensor.grid.axis >= 0) attributes.push_back({"axis", tensor.grid.axis});
    const std::string made = m_builder.addNamedNode(tensor.tensor + "_DequantizeLinear", "DequantizeLinear", inputs,
                                                    tensor.tensor + "_dequantized", attributes);
    return tensor.shape.empty() ? made : joinGroups(made, tensor);
}

// Rows of groups back to the tensor's own shape.
std::string QdqWriter::joinGroups(const std::string& rows, const IntegerTensor& tensor) {
    const auto whole = [&](const char* suffix, const std::vector<int64_t>& values) {
        return m_builder.integerConstant(tensor.tensor + suffix, OnnxType::Int64, {static_cast<int64_t>(values.size())},
                                         values);
    };
    const auto add = [&](const char* op, const std::vector<std::string>& inputs, const char* suffix) {
        return m_builder.addNamedNode(tensor.tensor + suffix, op, inputs,
                                      tensor.tensor + suffix + std::string("_output_0"));
    };
    const int64_t channels = tensor.shape.front(), row = sizeOf(tensor.shape) / channels;
    std::string made = rows;
    if (row % tensor.grid.group != 0) {
        made = add("Reshape", {made, whole("_padded_shape", {channels, -1})}, "_padded");
        made = add("Slice", {made, whole("_start", {0}), whole("_end", {row}), whole("_axis", {1})}, "_cut");
    }
    return add("Reshape", {made, whole("_shape", tensor.shape)}, "_joined");
}

std::string QdqWriter::computeSigns(const std::string& tensor, const Grid& grid) {
    const std::vector<float>& scales = parameters(grid).scales;
    require(scales.size() == 1, ErrorKind::Unsupported,
            "binary activations are written with one scale, not with one a channel");
    const std::string zero = m_builder.floatConstant(tensor + "_zero", {}, std::vector{0.0f});
    const std::string below = m_builder.floatConstant(tensor + "_below", {}, std::vector{-scales.front()});
    const std::string above = m_builder.floatConstant(tensor + "_above", {}, scales);
    const std::string negative =
        m_builder.addNamedNode(tensor + "_quant/Less", "Less", {tensor, zero}, tensor + "_quant/Less_output_0");
    return m_builder.addNamedNode(tensor + "_quant/Where", "Where", {negative, below, above},
                                  tensor + "_quant/Where_output_0");
}

std::string QdqWriter::castThroughHalf(const std::string& tensor) {
    const float largest = floatFormat(NumberFormat::Half).largest;
    const auto bound = [&](const char* suffix, float value) {
        return m_builder.floatConstant(tensor + suffix, {}, std::vector{value});
    };
    const std::string cut = m_builder.addNamedNode(
        tensor + "_Clip", "Clip", {tensor, bound("_least", -largest), bound("_largest", largest)}, tensor + "_clipped");
    const std::string half = m_builder.addNamedNode(tensor + "_to_half", "Cast", {cut}, tensor + "_half",
                                                    {{"to", static_cast<int64_t>(OnnxType::Half)}});
    return m_builder.addNamedNode(tensor + "_to_float", "Cast", {half}, tensor + "_rounded",
                                  {{"to", static_cast<int64_t>(OnnxType::Float)}});
}

std::string QdqWriter::storeHalf(const Value& value) {
    const FakeQuantize op{.format = NumberFormat::Half};
    const at::Tensor halves = quantizedCodes(op, storedTensor(value), at::ones({1}), at::zeros({1}));
    const std::string name =
        m_builder.addBytes(value.name + "_half", OnnxType::Half, value.shape, bytesOf(halves, OnnxType::Half));
    return m_builder.addNamedNode(value.name + "_to_float", "Cast", {name}, value.name + "_rounded",
                                  {{"to", static_cast<int64_t>(OnnxType::Float)}});
}

std::string QdqWriter::computeInFloat(const std::string& tensor, const Grid& grid, size_t rank) {
    const Parameters& numbers = parameters(grid);
    const Shape shape = spreadShape(grid, rank, numbers.scales.size());
    std::vector<float> inverses = numbers.scales;
    for (float& s : inverses) s = 1.f / s;
    const auto constant = [&](const char* suffix, const std::vector<float>& values) {
        return m_builder.floatConstant(tensor + suffix, values.size() == 1 ? Shape{} : shape, values);
    };
    std::string made = tensor;
    const auto step = [&](const char* op, std::vector<std::string> inputs) {
        inputs.insert(inputs.begin(), made);
        made = m_builder.addNamedNode(str(tensor, "_quant/", op), op, inputs, str(tensor, "_quant/", op, "_output_0"));
    };
    const std::vector<float> zeros = asFloats(numbers.zeroPoints);
    step("Mul", {constant("_inverse_scale", inverses)});
    step("Round", {});
    if (!numbers.zeroOnly) step("Add", {constant("_zero_point", zeros)});
    step("Clip",
         {constant("_qmin", {static_cast<float>(grid.qmin)}), constant("_qmax", {static_cast<float>(grid.qmax)})});
    if (!numbers.zeroOnly) step("Sub", {constant("_zero_point", zeros)});
    step("Mul", {constant("_scale", numbers.scales)});
    return made;
}

IntegerTensor QdqWriter::storeIntegers(const Value& value, const Grid& grid) {
    const Parameters& numbers = parameters(grid);
    const at::Tensor stored = storedTensor(value);
    const FakeQuantize op{
        .qmin = grid.qmin, .qmax = grid.qmax, .axis = grid.axis, .format = grid.format, .group = grid.group};
    require(scaleCount(op, value.shape) == static_cast<int64_t>(numbers.scales.size()), ErrorKind::BadInput,
            m_graph.value(grid.scale).name, " does not have one scale for each ", grid.group > 0 ? "group" : "slice",
            " of ", value.name);
    const bool bytes = fitsBytes(grid);
    IntegerTensor made{value.name, "", scaleName(value.name, grid), "", grid, bytes ? byteType(grid) : OnnxType::Int32};
    const at::Tensor zeros = at::tensor(asFloats(numbers.zeroPoints));
    at::Tensor codes = quantizedCodes(op, stored, at::tensor(numbers.scales), zeros);
    if (bytes)
        made.zeroPoint = zeroPointName(value.name, grid, made.storage);
    else
        codes = codes - spreadOver(op, codes, zeros);
    if (grid.group > 0) {
        made.shape = value.shape;
        const at::Tensor rows = codes.reshape({value.shape.front(), -1});
        codes = at::constant_pad_nd(rows, {0, (grid.group - rows.size(1) % grid.group) % grid.group})
                    .reshape({-1, grid.group});
    }
    made.integers =
        m_builder.addBytes(value.name + "_quantized", made.storage, codes.sizes().vec(), bytesOf(codes, made.storage));
    return made;
}

std::optional<IntegerTensor> QdqWriter::quantizeBias(const Value& bias, const Grid& input, const Grid& weight) {
    const std::vector<float> stored = storedFloats(bias);
    const float inputScale = parameters(input).scales.front();
    const std::vector<float>& weightScales = parameters(weight).scales;
    require(weightScales.size() == 1 || weightScales.size() == stored.size(), ErrorKind::BadInput, bias.name,
            " does not have one number for each scale of the weight");
    const auto codes = biasCodes(stored, inputScale, weightScales);
    if (!codes) return std::nullopt;
    std::vector<float> scales(stored.size());
    for (size_t i = 0; i < stored.size(); ++i) scales[i] = inputScale * weightScales[weightScales.size() == 1 ? 0 : i];
    const Grid grid{{}, {}, rangeOf(OnnxType::Int32).least, rangeOf(OnnxType::Int32).most, 0};
    IntegerTensor made{bias.name, "",   m_builder.addFloats(bias.name + "_scale", bias.shape, scales),
                       "",        grid, OnnxType::Int32};
    const std::vector<int64_t> whole(codes->begin(), codes->end());
    made.integers = m_builder.addIntegers(bias.name + "_quantized", OnnxType::Int32, bias.shape, whole);
    return made;
}

void QdqWriter::requireExpressible(const Grid& grid) const {
    require(grid.format != NumberFormat::E4m3 && grid.format != NumberFormat::E5m2, ErrorKind::Unsupported,
            "8-bit floating point numbers need opset 19, and the file has opset ", OnnxBuilder::kOpset);
}

QuantizedTensor QdqWriter::quantize(const std::string& tensor, const Grid& grid, size_t rank) {
    if (grid.format == NumberFormat::Half) return {castThroughHalf(tensor)};
    if (grid.format == NumberFormat::Binary) return {computeSigns(tensor, grid)};
    if (fitsBytes(grid)) return {"", quantizeToBytes(tensor, grid)};
    return {computeInFloat(tensor, grid, rank)};
}

QuantizedTensor QdqWriter::quantizeStored(const Value& value, const Grid& grid) {
    if (grid.format == NumberFormat::Half) return {storeHalf(value)};
    QuantizedTensor made{"", storeIntegers(value, grid)};
    if (grid.group > 0)
        made.note =
            str(value.name, ": groups of ", grid.group, " numbers are the rows of a matrix in the file, since opset ",
                OnnxBuilder::kOpset, " has scales along an axis only");
    return made;
}

std::optional<IntegerTensor> QdqWriter::keepOnGrid(const std::string& tensor, const Grid& grid) {
    if (grid.axis >= 0 || !fitsBytes(grid)) return std::nullopt;
    return quantizeOnGrid(tensor, grid);
}

bool QdqWriter::computeOnIntegers(const Grid& input, const Grid& weight) {
    return input.axis < 0 && weight.axis <= 0 && weight.group == 0 && fitsBytes(input) && fitsBytes(weight);
}

QuantRecord QdqWriter::record(const std::string& name, const std::string& kind, int64_t bits, const Grid& grid) {
    const Parameters& numbers = parameters(grid);
    return {name,
            kind,
            isFloat(grid.format) ? str("float", bits) : str(grid.qmin < 0 ? "int" : "uint", bits),
            bits,
            grid.qmin,
            grid.qmax,
            grid.axis,
            numbers.scales,
            numbers.zeroPoints};
}

}  // namespace qat
