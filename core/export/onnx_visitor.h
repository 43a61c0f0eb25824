// Writes each operator of a graph as ONNX nodes. An operator without a case here does not compile.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "export/onnx_builder.h"
#include "export/onnx_export.h"
#include "export/onnx_quantizers.h"
#include "graph/graph.h"
#include "ops/activation.h"

namespace qat {

// Nodes that the wanted values need, in execution order.
std::vector<NodeId> neededNodes(const Graph& graph, const std::vector<ValueId>& wanted);

// Visit the needed nodes in order, then ask for the outputs.
class OnnxVisitor {
public:
    OnnxVisitor(const Graph& graph, OnnxBuilder& builder, OnnxQuantizers& quantizers, const OnnxExportOptions& options)
        : m_graph(graph), m_builder(builder), m_quantizers(quantizers), m_options(options) {}

    // The ONNX name of a graph input.
    void bindInput(ValueId input, const std::string& name);
    // Writes the node. What cannot be expressed is added to issues() and the walk can go on.
    void visit(const Node& node);
    // Makes the value available as a float tensor called `name`.
    void writeOutput(ValueId value, const std::string& name);

    const std::vector<std::string>& issues() const { return m_issues; }
    const std::vector<std::string>& notes() const { return m_notes; }
    const std::vector<QuantRecord>& records() const { return m_records; }
    int64_t quantizedLayers() const { return m_quantizedLayers; }

    // A tensor of activation codes in the file, and the quantizer whose codes they are.
    struct CodeTensor {
        std::string quantizer, tensor;
        OnnxType type;
        Shape shape;
    };
    const std::vector<CodeTensor>& codes() const { return m_codes; }

    // One case an operator; for std::visit, through visit().
    void operator()(const Conv2d& op);
    void operator()(const Linear& op);
    void operator()(const MatMul& op);
    void operator()(const BatchNorm& op);
    void operator()(const Activation& op);
    void operator()(const Binary& op);
    void operator()(const Pool& op);
    void operator()(const Resize& op);
    void operator()(const Concat& op);
    void operator()(const Split& op);
    void operator()(const Slice& op);
    void operator()(const Reshape& op);
    void operator()(const Permute& op);
    void operator()(const Gather& op);
    void operator()(const Pad& op);
    void operator()(const Clip& op);
    void operator()(const Reduce& op);
    void operator()(const Softmax& op);
    void operator()(const AnchorPoints& op);
    void operator()(const FakeQuantize& op);
    // Files are written from the graph with quantizers; its form on codes is what runtimes make of them.
    template <class OnCodes>
    requires(OnCodes::row.onCodes) void operator()(const OnCodes&) {
        fail(ErrorKind::Internal, "operators on codes are not written");
    }

private:
    // What stands for a graph value in the file.
    struct Written {
        std::string tensor;  // float tensor; empty while there are only integers
        std::optional<IntegerTensor> integers;
        bool fakeQuantized = false;  // in bytes or in float arithmetic
    };

    const Value& inputValue(size_t index) const { return m_graph.value(m_node->inputs[index]); }
    // The float tensor that the current node reads as input `index`.
    std::string read(size_t index) { return readValue(m_node->inputs[index]); }
    std::string readValue(ValueId id);
    std::string readBias();
    const Written* find(ValueId id) const;
    const Grid* gridOf(ValueId id) const;
    bool quantizedNext(ValueId id) const;
    std::string emit(const std::string& opType, const std::vector<std::string>& inputs,
                     const std::vector<OnnxAttribute>& attributes = {});
    // What a step of an activation reads: x, and its numbers as constants.
    std::vector<std::string> withNumbers(const std::string& x, const OnnxStep& step);
    std::string number(double value);
    std::string integers(const char* suffix, const std::vector<int64_t>& values);
    void forward();
    void finish(const std::vector<std::string>& tensors);
    void countLayer();

    std::vector<CodeTensor> m_codes;
    const Graph& m_graph;
    OnnxBuilder& m_builder;
    OnnxQuantizers& m_quantizers;
    const OnnxExportOptions& m_options;
    const Node* m_node = nullptr;
    std::string m_scope;  // of the current node
    std::map<ValueId, Written> m_written;
    std::set<std::string> m_outputs;
    std::vector<std::string> m_issues, m_notes;
    std::vector<QuantRecord> m_records;
    int64_t m_quantizedLayers = 0;
};

}  // namespace qat
