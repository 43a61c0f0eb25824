// Nodes that lead to the end are found backwards and added forwards.
#include "passes/cut_graph.h"

#include <map>
#include <set>

#include "base/error.h"
#include "graph/constant_numbers.h"

namespace qat {
namespace {

std::set<NodeId> nodesBetween(const Graph& graph, ValueId from, ValueId to) {
    std::set<NodeId> wanted;
    for (std::vector<ValueId> open{to}; !open.empty();) {
        const ValueId value = open.back();
        open.pop_back();
        if (value == from) continue;
        const auto maker = graph.producer(value);
        require(maker || isStored(graph.value(value).kind), ErrorKind::BadInput, graph.value(to).name,
                " is made of more than ", graph.value(from).name, ": of ", graph.value(value).name);
        if (maker && wanted.insert(*maker).second)
            for (const ValueId input : graph.node(*maker).inputs) open.push_back(input);
    }
    return wanted;
}

ValueId copied(const Value& value, Graph& part) {
    if (value.kind == ValueKind::Constant) return part.addConstant(value.name, numbersOf(*value.data));
    if (value.kind == ValueKind::Parameter) return part.addParameter(value.name, value.data, value.shape);
    return part.addBuffer(value.name, value.data, value.shape, value.type);
}

}  // namespace

Graph graphBetween(const Graph& graph, ValueId from, ValueId to) {
    const std::set<NodeId> wanted = nodesBetween(graph, from, to);
    Graph part;
    part.info = graph.info;
    std::map<ValueId, ValueId> known{{from, part.addInput(graph.value(from).name, graph.value(from).shape)}};
    for (const NodeId id : graph.order()) {
        if (!wanted.contains(id)) continue;
        const Node& node = graph.node(id);
        std::vector<ValueId> inputs;
        for (const ValueId input : node.inputs) {
            if (!known.contains(input)) known[input] = copied(graph.value(input), part);
            inputs.push_back(known[input]);
        }
        const NodeId made = part.addNode(node.name, node.op, inputs, static_cast<int>(node.outputs.size()));
        part.node(made).role = node.role;
        for (size_t i = 0; i < node.outputs.size(); ++i) {
            known[node.outputs[i]] = part.node(made).outputs[i];
            part.renameValue(part.node(made).outputs[i], graph.value(node.outputs[i]).name);
        }
    }
    part.setOutput(graph.value(to).name, known.at(to));
    return part;
}

}  // namespace qat
