// Asking a graph for things by what they are, and for what else they are called.
#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "graph/graph.h"

namespace qat {

std::vector<std::string> headOutputs(const Graph& graph) {
    std::vector<std::string> names = graph.outputNames(OutputRole::RawHead);
    if (names.empty()) names = graph.outputNames(OutputRole::Decoded);  // of classifiers
    if (names.empty() && !graph.outputs().empty()) names.push_back(graph.outputs().front().name);
    return names;
}

std::vector<std::string> trainedOutputs(const Graph& graph) {
    std::vector<std::string> names = headOutputs(graph);
    for (const OutputRole role : {OutputRole::OtherRawHead, OutputRole::RawExtra})
        for (std::string& other : graph.outputNames(role)) names.push_back(std::move(other));
    return names;
}

std::string decodedOutput(const Graph& graph) {
    const auto names = graph.outputNames(OutputRole::Decoded);
    require(!names.empty(), ErrorKind::BadInput, "the model has no decoded output");
    return names.front();
}

std::span<const ValueId> movedInputs(const Node& node) {
    const size_t moved = traitsOf(node.op).movedInputs;
    return std::span(node.inputs).first(std::min(moved, node.inputs.size()));
}

namespace {

bool isOther(OutputRole role) {
    return role == OutputRole::OtherRawHead || role == OutputRole::OtherDecoded || role == OutputRole::OtherExtra;
}

// The name of what the deployed head makes in the stead of this output of the other one; empty where it makes nothing
// of the kind.
std::string deployedName(const Graph& graph, const GraphOutput& other) {
    if (!isOther(other.role) || !other.name.starts_with(kOtherHead)) return "";
    std::string name = other.name.substr(kOtherHead.size());
    return graph.output(name).valid() ? name : "";
}

}  // namespace

void deployHead(Graph& graph, std::string_view head) {
    require(head == kOneToOne || head == kOneToMany, ErrorKind::BadInput, "no head is called ", inQuotes(head),
            ": it is one of ", kOneToOne, ", ", kOneToMany);
    require(!graph.info.head.empty(), ErrorKind::BadInput, "the model has one head only, so there is no ", head,
            " to choose");
    if (graph.info.head == head) return;
    const std::vector<GraphOutput> before = graph.outputs();
    const bool both = std::ranges::any_of(before, [](const GraphOutput& output) { return isOther(output.role); });
    require(both, ErrorKind::BadInput, "the model holds its ", graph.info.head, " head only");
    for (const GraphOutput& output : before) {
        const std::string deployed = deployedName(graph, output);
        if (deployed.empty()) continue;
        const auto now = std::ranges::find(before, deployed, &GraphOutput::name);
        graph.setOutput(deployed, output.value, now->role);  // roles stay with the names
        graph.setOutput(output.name, now->value, output.role);
    }
    graph.info.head = head;
}

int64_t dropOtherHead(Graph& graph) {
    const size_t before = graph.order().size();
    for (const GraphOutput& output : std::vector(graph.outputs()))
        if (isOther(output.role) || output.role == OutputRole::RawExtra) graph.dropOutput(output.name);
    graph.sweep();
    for (const NodeId id : std::vector(graph.order())) {
        if (!std::holds_alternative<Detach>(graph.node(id).op)) continue;
        graph.replaceUses(graph.node(id).outputs.front(), graph.node(id).inputs.front());
        graph.erase(id);
    }
    return static_cast<int64_t>(before - graph.order().size());
}

std::vector<std::string> layerAliases(const Graph& graph, std::string_view name) {
    std::vector<std::string> aliases;
    for (const auto& [stored, known] : graph.aliases)
        if (name.starts_with(stored)) aliases.push_back(str(known, name.substr(stored.size())));
    return aliases;
}

}  // namespace qat
