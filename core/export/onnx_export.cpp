// From graph to file: walk, collect what cannot be expressed, check, write.
#include "export/onnx_export.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "export/onnx_builder.h"
#include "export/onnx_metadata.h"
#include "export/onnx_operators.h"
#include "export/qdq.h"
#include "passes/canonicalize_quantizers.h"

namespace qat {
namespace {

// What a file gives: its name for a value.
struct FileOutput {
    std::string name;
    ValueId value;
};

// The output that is asked for, else the decoded one, and what is deployed beside it, which keeps its name; or else
// everything.
std::vector<FileOutput> fileOutputs(const Graph& graph, const OnnxExportOptions& options) {
    std::vector<FileOutput> made;
    const auto add = [&](ValueId value) { made.push_back({str("output", made.size()), value}); };
    if (!options.output.empty()) add(graph.output(options.output));
    for (const std::string& name : graph.outputNames(OutputRole::Decoded))
        if (made.empty()) add(graph.output(name));
    if (made.empty())
        for (const GraphOutput& output : graph.outputs()) add(output.value);
    else
        for (const std::string& name : graph.outputNames(OutputRole::Extra)) made.push_back({name, graph.output(name)});
    require(!made.empty(), ErrorKind::BadInput, "the graph has no output to export");
    return made;
}

// Nodes that the wanted values need, in execution order.
std::vector<NodeId> neededNodes(const Graph& graph, const std::vector<FileOutput>& wanted) {
    std::set<ValueId> values;
    for (const FileOutput& output : wanted) values.insert(output.value);
    std::vector<NodeId> nodes;
    for (auto id = graph.order().rbegin(); id != graph.order().rend(); ++id) {
        const Node& node = graph.node(*id);
        if (std::ranges::none_of(node.outputs, [&](ValueId made) { return values.contains(made); })) continue;
        nodes.push_back(*id);
        if (!traitsOf(node.op).shapesOnly) values.insert(node.inputs.begin(), node.inputs.end());
    }
    std::ranges::reverse(nodes);
    return nodes;
}

void requireKnownShape(const Value& value) {
    const bool known = !value.shape.empty() && std::ranges::all_of(value.shape, [](int64_t size) { return size > 0; });
    require(known, ErrorKind::BadInput, "the shape of ", value.name, " is not known: run a probe before exporting");
}

const Value& onlyInput(const Graph& graph) {
    require(graph.inputs().size() == 1, ErrorKind::Unsupported, "a graph with ", graph.inputs().size(),
            " inputs cannot be exported, only one with a single input");
    const Value& input = graph.value(graph.inputs().front());
    requireKnownShape(input);
    require(input.shape.size() == 4 || input.shape.size() == 2, ErrorKind::Unsupported, "input ", input.name,
            " is neither an image batch nor a matrix");
    return input;
}

void throwIssues(const std::vector<std::string>& issues) {
    require(issues.empty(), ErrorKind::Unsupported, "the model cannot be written as ONNX: ", joinedWords(issues, "; "));
}

OnnxMetadata metadata(const Graph& graph, const Value& input, const OnnxFindings& findings,
                      const OnnxExportOptions& options) {
    OnnxMetadata entries;
    if (options.includeMetadata && input.shape.size() == 4) entries = modelMetadata(graph.info, input.shape);
    if (options.includeQuantParams && !findings.records.empty())
        entries.emplace_back("qwb.quant", quantParamsJson(findings.records));
    for (const auto& [key, value] : options.metadata) {
        std::erase_if(entries, [&](const auto& entry) { return entry.first == key; });
        entries.emplace_back(key, value);
    }
    return entries;
}

void requireSettled(const Graph& graph) {
    for (const NodeId id : graph.order()) {
        const auto* quantizer = std::get_if<FakeQuantize>(&graph.node(id).op);
        ensure(!quantizer || isCanonical(*quantizer), "canonical quantizers in a graph that is exported");
    }
}

// One file in the making.
class OnnxDraft {
public:
    OnnxDraft(const Graph& graph, const OnnxExportOptions& options, const OnnxQuantizerFactory& quantizers)
        : m_graph(graph),
          m_options(options),
          m_input(onlyInput(graph)),
          m_outputs(fileOutputs(graph, options)),
          m_builder(graph.info.architecture.empty() ? "model" : graph.info.architecture + graph.info.variant),
          m_quantizers(quantizers(graph, m_builder)),
          m_context(graph, m_builder, *m_quantizers, options) {
        requireSettled(graph);
        m_builder.addInput("images", OnnxType::Float, m_input.shape);
        m_context.bindInput(graph.inputs().front(), "images");
        for (const NodeId id : neededNodes(graph, m_outputs)) writeNode(m_context, graph.node(id));
    }

    const std::vector<std::string>& issues() const { return m_context.findings.issues; }

    OnnxExportResult write() {
        writeOutputs();
        OnnxExportResult result;
        for (const auto& code : m_context.findings.codes) {
            if (!m_options.exposeCodes) break;
            m_builder.addOutput(code.tensor, code.type, code.shape);
            result.codes.emplace_back(code.quantizer, code.tensor);
        }
        for (const auto& [key, value] : metadata(m_graph, m_input, m_context.findings, m_options))
            m_builder.addMetadata(key, value);
        const std::string bytes = m_builder.finish();
        writeFileAtomic(m_options.path, bytes);
        result.bytes = static_cast<int64_t>(bytes.size());
        result.nodes = m_builder.nodeCount();
        result.quantizedLayers = m_context.findings.quantizedLayers;
        result.notes = m_context.findings.notes;
        return result;
    }

private:
    void writeOutputs() {
        for (const auto& [name, id] : m_outputs) {
            requireKnownShape(m_graph.value(id));
            m_context.writeOutput(id, name);
            m_builder.addOutput(name, OnnxType::Float, m_graph.value(id).shape);
        }
    }

    const Graph& m_graph;
    const OnnxExportOptions& m_options;
    const Value& m_input;
    const std::vector<FileOutput> m_outputs;
    OnnxBuilder m_builder;
    const std::unique_ptr<OnnxQuantizers> m_quantizers;
    OnnxContext m_context;
};

}  // namespace

std::unique_ptr<OnnxQuantizers> qdqQuantizers(const Graph& graph, OnnxBuilder& builder) {
    return std::make_unique<QdqWriter>(graph, builder);
}

std::vector<std::string> onnxIssues(const Graph& graph, const OnnxExportOptions& options,
                                    const OnnxQuantizerFactory& quantizers) {
    return OnnxDraft(graph, options, quantizers).issues();
}

OnnxExportResult exportOnnx(const Graph& graph, const OnnxExportOptions& options,
                            const OnnxQuantizerFactory& quantizers) {
    OnnxDraft draft(graph, options, quantizers);
    throwIssues(draft.issues());
    return draft.write();
}

}  // namespace qat
