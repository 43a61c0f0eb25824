// From graph to file: walk, collect what cannot be expressed, check, write.
#include "export/onnx_export.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "export/onnx_builder.h"
#include "export/onnx_check.h"
#include "export/onnx_metadata.h"
#include "export/onnx_visitor.h"
#include "passes/settle_quantizers.h"

namespace qat {
namespace {

std::vector<ValueId> exportedValues(const Graph& graph) {
    std::vector<ValueId> values;
    for (const std::string& name : graph.outputNames(OutputRole::Decoded)) values.push_back(graph.output(name));
    if (!values.empty()) return values;
    for (const GraphOutput& output : graph.outputs()) values.push_back(output.value);
    require(!values.empty(), ErrorKind::BadInput, "the graph has no output to export");
    return values;
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
    std::string all;
    for (const std::string& issue : issues) all += (all.empty() ? "" : "; ") + issue;
    require(issues.empty(), ErrorKind::Unsupported, "the model cannot be written as ONNX: ", all);
}

OnnxMetadata metadata(const Graph& graph, const Value& input, const OnnxVisitor& visitor,
                      const OnnxExportOptions& options) {
    OnnxMetadata entries;
    if (options.includeMetadata && input.shape.size() == 4) entries = modelMetadata(graph.info, input.shape);
    if (options.includeQuantParams && !visitor.records().empty())
        entries.emplace_back("qwb.quant", quantParamsJson(visitor.records()));
    for (const auto& [key, value] : options.metadata) {
        std::erase_if(entries, [&](const auto& entry) { return entry.first == key; });
        entries.emplace_back(key, value);
    }
    return entries;
}

}  // namespace

OnnxExportResult exportOnnx(const Graph& given, const OnnxExportOptions& options) {
    Graph graph = given.clone(false);
    settleQuantizers(graph);
    const Value& input = onlyInput(graph);
    const std::vector<ValueId> outputs = exportedValues(graph);
    OnnxBuilder builder(graph.info.architecture.empty() ? "model" : graph.info.architecture + graph.info.variant);
    OnnxVisitor visitor(graph, builder, options);
    builder.addInput("images", OnnxType::Float, input.shape);
    visitor.bindInput(graph.inputs().front(), "images");
    for (const NodeId id : neededNodes(graph, outputs)) visitor.visit(graph.node(id));
    throwIssues(visitor.issues());
    for (size_t i = 0; i < outputs.size(); ++i) {
        const std::string name = str("output", i);
        requireKnownShape(graph.value(outputs[i]));
        visitor.writeOutput(outputs[i], name);
        builder.addOutput(name, OnnxType::Float, graph.value(outputs[i]).shape);
    }
    OnnxExportResult result;
    for (const auto& code : visitor.codes()) {
        if (!options.exposeCodes) break;
        builder.addOutput(code.tensor, code.type, code.shape);
        result.codes.emplace_back(code.quantizer, code.tensor);
    }
    for (const auto& [key, value] : metadata(graph, input, visitor, options)) builder.addMetadata(key, value);
    const std::string bytes = builder.serialize();
    checkOnnx(bytes);
    writeFileAtomic(options.path, bytes);
    result.bytes = static_cast<int64_t>(bytes.size());
    result.nodes = builder.nodeCount();
    result.quantizedLayers = visitor.quantizedLayers();
    result.notes = visitor.notes();
    return result;
}

}  // namespace qat
