// The checks every pass must leave standing.
#include <set>

#include "base/error.h"
#include "graph/graph.h"

namespace qat {
namespace {

void verifyNode(const Graph& graph, const Node& node, std::set<ValueId>& made) {
    const OpTraits traits = traitsOf(node.op);
    const auto wrong = [&](auto... what) { fail(ErrorKind::Internal, "graph: node ", node.name, " ", what...); };
    if (node.inputs.size() < traits.inputs.least || node.inputs.size() > traits.inputs.most)
        wrong("has ", node.inputs.size(), " inputs");
    if (node.outputs.size() != traits.outputs) wrong("has ", node.outputs.size(), " outputs");
    for (const ValueId input : node.inputs) {
        if (!input.valid() || static_cast<size_t>(input.index) >= graph.valueCount()) wrong("reads no value");
        if (graph.value(input).kind == ValueKind::Activation && !made.contains(input))
            wrong("reads ", graph.value(input).name, " before it is made");
    }
    for (const ValueId output : node.outputs)
        if (!made.insert(output).second) wrong("makes ", graph.value(output).name, " a second time");
}

}  // namespace

void verify(const Graph& graph) {
    std::set<ValueId> made;
    std::set<std::string_view> names;
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        require(names.insert(node.name).second, ErrorKind::Internal, "graph: two nodes are called ", node.name);
        require(graph.findNode(node.name) == id, ErrorKind::Internal, "graph: node ", node.name,
                " is not found by name");
        verifyNode(graph, node, made);
    }
    for (const auto& output : graph.outputs()) {
        const bool exists = output.value.valid() && static_cast<size_t>(output.value.index) < graph.valueCount() &&
                            (made.contains(output.value) || graph.value(output.value).kind != ValueKind::Activation);
        require(exists, ErrorKind::Internal, "graph: output ", output.name, " is made by no node");
    }
}

}  // namespace qat
