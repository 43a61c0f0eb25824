// What writing an operator as ONNX nodes can ask and do: which tensors stand for the values of the graph, as numbers or
// as integers on a grid, and what was found out on the way.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "export/onnx_builder.h"
#include "export/onnx_export.h"
#include "export/onnx_quantizers.h"
#include "graph/graph.h"

namespace qat {

// A tensor of activation codes in the file, and the quantizer whose codes they are.
struct CodeTensor {
    std::string quantizer, tensor;
    OnnxType type;
    Shape shape;
};

struct OnnxFindings {
    std::vector<std::string> issues, notes;  // what cannot be expressed, and what is written otherwise than expected
    std::vector<QuantRecord> records;
    std::vector<CodeTensor> codes;
    int64_t quantizedLayers = 0;
};

// Stands at one node at a time, the current one.
class OnnxContext {
public:
    OnnxContext(const Graph& graph, OnnxBuilder& builder, OnnxQuantizers& quantizers, const OnnxExportOptions& options)
        : graph(graph), builder(builder), quantizers(quantizers), options(options) {}

    const Graph& graph;
    OnnxBuilder& builder;
    OnnxQuantizers& quantizers;
    const OnnxExportOptions& options;
    OnnxFindings findings;

    // The ONNX name of a graph input.
    void bindInput(ValueId input, const std::string& name);
    void enter(const Node& node);
    // The node cannot be expressed, for this reason; the walk can go on.
    void giveUp(const std::string& reason);
    // Makes the value available as a float tensor called `name`.
    void writeOutput(ValueId value, const std::string& name);

    const Node& node() const { return *m_node; }
    const std::string& scope() const { return m_scope; }  // names of the node's tensors begin with it
    const Value& input(size_t index) const { return graph.value(m_node->inputs[index]); }
    // Its shape, also behind the quantizer of a weight.
    const Shape& inputShape(size_t index) const;
    // The grid of an input that the file holds as integers; nullptr for floats.
    const Grid* gridOf(size_t index) const { return gridOf(m_node->inputs[index]); }
    bool isFakeQuantized(size_t index) const;

    // The float tensor that the node reads as input `index`.
    std::string read(size_t index) { return read(m_node->inputs[index]); }
    std::vector<std::string> readAll();

    std::string emit(const std::string& opType, const std::vector<std::string>& inputs,
                     const std::vector<OnnxAttribute>& attributes = {});
    std::string number(double value);
    std::string integers(const char* suffix, const std::vector<int64_t>& values);

    // What the node makes are float tensors; if it only moves numbers and all its inputs lie on one grid, its outputs
    // do too.
    void finish(const std::vector<std::string>& tensors);
    // The same for a quantizer's output.
    void finishQuantized(QuantizedTensor quantized);
    // The node changes nothing: its output is its input.
    void passOn();

private:
    // What stands for a graph value in the file.
    struct Written {
        std::string tensor;  // float tensor; empty while there are only integers
        std::optional<IntegerTensor> integers;
        bool fakeQuantized = false;  // in bytes or in float arithmetic
    };

    std::string read(ValueId id);
    const Written* find(ValueId id) const;
    const Grid* gridOf(ValueId id) const;

    const Node* m_node = nullptr;
    std::string m_scope;
    std::map<ValueId, Written> m_written;
    std::set<std::string> m_outputs;
};

}  // namespace qat
