// How an ONNX file says that a tensor is quantized: what the operators ask of it (onnx_operators.cpp). QdqWriter
// answers with pairs of QuantizeLinear and DequantizeLinear; another dialect is another class.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
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

// What stands for a quantized tensor in the file: integers, or a float tensor that holds numbers of the grid.
struct QuantizedTensor {
    std::string tensor{};
    std::optional<IntegerTensor> integers{};
    std::string note{};  // a sentence, where it was written otherwise than one would expect
};

// One quantized tensor, as told in the metadata.
struct QuantRecord {
    std::string name, kind, dtype;  // kind: weight, activation, bias; dtype: uint8, int4, ...
    int64_t bits = 0, qmin = 0, qmax = 0, axis = -1;
    std::vector<float> scales;
    std::vector<int64_t> zeroPoints;
};

class OnnxQuantizers {
public:
    virtual ~OnnxQuantizers() = default;

    // Throws Error{Unsupported} for numbers that the file cannot hold.
    virtual void requireExpressible(const Grid& grid) const = 0;
    // An activation on its way through the quantizer. rank: number of its dimensions.
    virtual QuantizedTensor quantize(const std::string& tensor, const Grid& grid, size_t rank) = 0;
    // A weight after its quantizer.
    virtual QuantizedTensor quantizeStored(const Value& value, const Grid& grid) = 0;
    // Integers for values that lie on the grid already; nothing where the file has none for it.
    virtual std::optional<IntegerTensor> keepOnGrid(const std::string& tensor, const Grid& grid) = 0;
    // Whether a layer can compute on integers of both grids, so that its bias may be integers too.
    virtual bool computeOnIntegers(const Grid& input, const Grid& weight) = 0;
    // Bias [O] as int32 on the grid scale_x * scale_w[o]; nothing if a number does not fit int32.
    virtual std::optional<IntegerTensor> quantizeBias(const Value& bias, const Grid& input, const Grid& weight) = 0;
    // The float tensor of integers, anew for each reader.
    virtual std::string dequantize(const IntegerTensor& tensor) = 0;
    virtual QuantRecord record(const std::string& name, const std::string& kind, int64_t bits, const Grid& grid) = 0;
};

using OnnxQuantizerFactory = std::function<std::unique_ptr<OnnxQuantizers>(const Graph& graph, OnnxBuilder& builder)>;

}  // namespace qat
