// Quantization as QONNX says it: one node a quantizer, float in and float out, with any number of bits.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "export/onnx_builder.h"
#include "export/onnx_quantizers.h"
#include "export/qdq.h"
#include "graph/graph.h"

namespace qat {

// Nodes of the domain that QONNX's own tools, Brevitas and FINN know:
//   Quant(x, scale, zeropt, bitwidth), attributes signed, narrow and rounding_mode "ROUND":
//     (clip(round(x / scale + zeropt), least, most) - zeropt) * scale, halves to the even number
//   BipolarQuant(x, scale): scale where x >= 0, else -scale
// Weights are stored as the numbers of their grid, so that every reader finds the same codes; a scale a channel has the
// shape [C, 1, 1, 1].
class QonnxWriter final : public OnnxQuantizers {
public:
    static constexpr const char* kDomain = "qonnx.custom_op.general";
    static constexpr int64_t kDomainVersion = 1;

    QonnxWriter(const Graph& graph, OnnxBuilder& builder) : m_builder(builder), m_numbers(graph, builder) {}

    // Whole numbers of one to 16 bits, and signs, without groups of inputs.
    void requireExpressible(const Grid& grid) const override;
    QuantizedTensor quantize(const std::string& tensor, const Grid& grid, size_t rank) override;
    QuantizedTensor quantizeStored(const Value& value, const Grid& grid) override;
    // Numbers that lie on a grid stay as they are: a second node would say nothing new.
    std::optional<IntegerTensor> keepOnGrid(const std::string&, const Grid&) override { return std::nullopt; }
    bool computeOnIntegers(const Grid&, const Grid&) override { return false; }
    std::optional<IntegerTensor> quantizeBias(const Value&, const Grid&, const Grid&) override { return std::nullopt; }
    std::string dequantize(const IntegerTensor& tensor) override;
    QuantRecord record(const std::string& name, const std::string& kind, int64_t bits, const Grid& grid) override {
        return m_numbers.record(name, kind, bits, grid);
    }

private:
    std::string nodeOf(const std::string& tensor, const Grid& grid, size_t rank);

    OnnxBuilder& m_builder;
    QdqWriter m_numbers;  // reads scales and zero points
};

std::unique_ptr<OnnxQuantizers> qonnxQuantizers(const Graph& graph, OnnxBuilder& builder);

}  // namespace qat
