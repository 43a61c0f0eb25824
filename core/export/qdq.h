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
#include "export/onnx_quantizers.h"
#include "graph/graph.h"

namespace qat {

// Scale and zero point are read from the graph once for each pair of ids, and written once for each group.
class QdqWriter final : public OnnxQuantizers {
public:
    QdqWriter(const Graph& graph, OnnxBuilder& builder) : m_graph(graph), m_builder(builder) {}

    // 8-bit floating point needs opset 19.
    void requireExpressible(const Grid& grid) const override;
    // Bytes where the grid fits them, float arithmetic elsewhere, and the other formats in their own way.
    QuantizedTensor quantize(const std::string& tensor, const Grid& grid, size_t rank) override;
    // Stored numbers as an initializer of 16-bit floats or of integers: uint8 or int8 where the grid fits, else int32
    // with the zero point subtracted. Groups are the rows of a matrix, the last of each channel filled up with zeros.
    QuantizedTensor quantizeStored(const Value& value, const Grid& grid) override;
    // Without Clip; of grids of one scale that fit bytes.
    std::optional<IntegerTensor> keepOnGrid(const std::string& tensor, const Grid& grid) override;
    bool computeOnIntegers(const Grid& input, const Grid& weight) override;
    std::optional<IntegerTensor> quantizeBias(const Value& bias, const Grid& input, const Grid& weight) override;
    // A new DequantizeLinear: each reader gets its own, so that runtimes find closed groups around every operator.
    std::string dequantize(const IntegerTensor& tensor) override;
    QuantRecord record(const std::string& name, const std::string& kind, int64_t bits, const Grid& grid) override;

private:
    struct Parameters {
        std::vector<float> scales;
        std::vector<int64_t> zeroPoints;  // as many as scales
        bool zeroOnly = true;
    };
    // Whether whole numbers of the grid fit uint8 (qmin >= 0) or int8 with the zero point: else it is computed in
    // float. Throws Error{BadInput} naming the value if a scale is not finite or a zero point is not whole.
    bool fitsBytes(const Grid& grid);

    // x -> QuantizeLinear [-> Clip] for a grid that fits bytes. Clip only where the grid is narrower than the storage.
    IntegerTensor quantizeToBytes(const std::string& tensor, const Grid& grid);
    // The same without Clip, for values known to lie on the grid.
    IntegerTensor quantizeOnGrid(const std::string& tensor, const Grid& grid);
    // Any grid in float arithmetic: (clip(round(x * (1 / scale)) + zp, qmin, qmax) - zp) * scale, the very steps of the
    // simulation, so that the numbers agree in any runtime. rank: of x.
    std::string computeInFloat(const std::string& tensor, const Grid& grid, size_t rank);
    // The other formats in flight: signs times the scale, and numbers cut to the range of Half and cast to it and back.
    std::string computeSigns(const std::string& tensor, const Grid& grid);
    std::string castThroughHalf(const std::string& tensor);
    std::string storeHalf(const Value& value);
    IntegerTensor storeIntegers(const Value& value, const Grid& grid);

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
