// Quantization in ONNX terms: integer tensors between QuantizeLinear and DequantizeLinear, opset 13.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "export/onnx_builder.h"
#include "graph/graph.h"

namespace qat {

// The grid of a FakeQuantize node. Members of a scale group share the ids, hence compare equal.
struct Grid {
    ValueId scale, zeroPoint;
    int64_t qmin = 0, qmax = 0, axis = -1;
    NumberFormat format = NumberFormat::Integer;
    int64_t group = 0;
    bool operator==(const Grid&) const = default;
};

// A tensor that the file holds as integers; float readers go through DequantizeLinear.
struct IntegerTensor {
    std::string tensor;            // the float tensor it stands for: QDQ names derive from it
    std::string integers;          // name of the integer tensor
    std::string scale, zeroPoint;  // names; no zero point for int32
    Grid grid;
    OnnxType storage = OnnxType::Uint8;
    Shape shape{};  // of the float tensor where the integers are rows of groups, else empty
};

// One quantized tensor, as told in the metadata.
struct QuantRecord {
    std::string name, kind, dtype;  // kind: weight, activation, bias; dtype: uint8, int4, ...
    int64_t bits = 0, qmin = 0, qmax = 0, axis = -1;
    std::vector<float> scales;
    std::vector<int64_t> zeroPoints;
};

// Scale and zero point are read from the graph once for each pair of ids, and written once for each group.
class QdqWriter {
public:
    QdqWriter(const Graph& graph, OnnxBuilder& builder) : m_graph(graph), m_builder(builder) {}

    // Whether whole numbers of the grid fit uint8 (qmin >= 0) or int8 with the zero point: else it is computed in
    // float. Throws Error{BadInput} naming the value if a scale is not finite or a zero point is not whole.
    bool fitsBytes(const Grid& grid);

    // x -> QuantizeLinear [-> Clip] for a grid that fits bytes. Clip only where the grid is narrower than the storage.
    IntegerTensor quantize(const std::string& tensor, const Grid& grid);
    // The same without Clip, for values known to lie on the grid.
    IntegerTensor quantizeOnGrid(const std::string& tensor, const Grid& grid);
    // A new DequantizeLinear: each reader gets its own, so that runtimes find closed groups around every operator.
    std::string dequantize(const IntegerTensor& tensor);
    // Any grid in float arithmetic: (clip(round(x * (1 / scale)) + zp, qmin, qmax) - zp) * scale, the very steps of the
    // simulation, so that the numbers agree in any runtime. rank: of x.
    std::string computeInFloat(const std::string& tensor, const Grid& grid, size_t rank);
    // The other formats in flight: signs times the scale, and numbers cut to the range of Half and cast to it and back.
    std::string computeSigns(const std::string& tensor, const Grid& grid);
    std::string castThroughHalf(const std::string& tensor);
    // Stored numbers as an initializer of 16-bit floats, cast to float.
    std::string storeHalf(const Value& value);
    // Stored numbers as integer initializer: uint8 or int8 where the grid fits, else int32 with the zero point
    // subtracted. Groups are the rows of a matrix, the last of each channel filled up with zeros.
    IntegerTensor quantizeStored(const Value& value, const Grid& grid);
    // Bias [O] as int32 on the grid scale_x * scale_w[o]; nothing if a number does not fit int32.
    std::optional<IntegerTensor> quantizeBias(const Value& bias, const Grid& input, const Grid& weight);

    QuantRecord record(const std::string& name, const std::string& kind, int64_t bits, const Grid& grid);

private:
    struct Parameters {
        std::vector<float> scales;
        std::vector<int64_t> zeroPoints;  // as many as scales
        bool zeroOnly = true;
    };
    const Parameters& parameters(const Grid& grid);
    Parameters readParameters(const Grid& grid) const;
    std::string joinGroups(const std::string& rows, const IntegerTensor& tensor);
    std::string scaleName(const std::string& tensor, const Grid& grid);
    std::string zeroPointName(const std::string& tensor, const Grid& grid, OnnxType storage);

    const Graph& m_graph;
    OnnxBuilder& m_builder;
    std::map<std::pair<ValueId, ValueId>, Parameters> m_parameters;
    std::map<std::pair<ValueId, bool>, std::string> m_scaleNames;  // false: one number, true: along an axis
    std::map<std::tuple<ValueId, bool, OnnxType>, std::string> m_zeroPointNames;
};

}  // namespace qat
