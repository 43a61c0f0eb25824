// From ids to names.
#include "session/placement.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <span>

#include "passes/pipeline.h"
#include "quant/scale_groups.h"
#include "session/model_source.h"

namespace qat {
namespace {

JoinInfo joinInfo(const Graph& graph, const QuantPlan& plan, const PlannedJoin& join) {
    const Node& node = graph.node(join.node);
    const auto nameOf = [&](const std::optional<size_t>& group) { return group ? plan.groups[*group].name : ""; };
    JoinInfo info{node.name,
                  std::holds_alternative<Concat>(node.op) ? "concat" : "add",
                  std::string(modeName(join.mode)),
                  {},
                  nameOf(join.output)};
    for (const auto& input : join.inputs) info.inputs.push_back(nameOf(input));
    return info;
}

GroupInfo groupInfo(const Graph& graph, const QuantPlan& plan, size_t place) {
    const ActivationGroup& group = plan.groups[place];
    GroupInfo info{group.name, group.how.tensor.bitWidth, {}, {}, {}, group.observed.size() < group.sources.size()};
    for (const ValueId source : group.sources) info.sources.push_back(graph.value(source).name);
    for (const NodeId reader : group.readers) info.readers.push_back(graph.node(reader).name);
    for (const PlannedJoin& join : plan.joins)
        if (join.mode != JoinMode::Requantize && join.inputs.front() == place)
            info.joins.push_back(graph.node(join.node).name);
    return info;
}

bool isLayer(const Node& node) {
    return hasWeight(node.op);
}

std::vector<NodeId> makersOf(const Graph& graph, std::span<const ValueId> values) {
    std::vector<NodeId> makers;
    for (const ValueId value : values)
        if (const auto maker = graph.producer(value)) makers.push_back(*maker);
    return makers;
}

std::vector<NodeId> readersOf(const Graph& graph, std::span<const ValueId> values) {
    std::vector<NodeId> readers;
    for (const ValueId value : values) std::ranges::copy(graph.users(value), std::back_inserter(readers));
    return readers;
}

// Walks from the nodes through everything that is no layer, upstream or downstream.
std::set<NodeId> nearestLayers(const Graph& graph, std::vector<NodeId> open, bool upstream) {
    std::set<NodeId> seen(open.begin(), open.end()), layers;
    while (!open.empty()) {
        const NodeId id = open.back();
        open.pop_back();
        const Node& node = graph.node(id);
        if (isLayer(node)) {
            layers.insert(id);
            continue;
        }
        for (const NodeId next : upstream ? makersOf(graph, node.inputs) : readersOf(graph, node.outputs))
            if (seen.insert(next).second) open.push_back(next);
    }
    return layers;
}

std::set<NodeId> layersOf(const Graph& graph, const std::string& subject) {
    if (const auto node = graph.findNode(subject)) return nearestLayers(graph, {*node}, true);
    const auto value = graph.findValue(subject);
    if (!value) return {};
    const std::set<NodeId> made = nearestLayers(graph, makersOf(graph, {&*value, 1}), true);
    return made.empty() ? nearestLayers(graph, readersOf(graph, {&*value, 1}), false) : made;
}

std::vector<std::string> layerNamesAt(const Graph& graph, const std::string& subject) {
    const std::set<NodeId> layers = layersOf(graph, subject);
    std::vector<std::string> names;
    for (const NodeId id : graph.order())
        if (layers.contains(id)) names.push_back(graph.node(id).name);
    return names;
}

}  // namespace

PlacementReport describePlacement(const Config& config) {
    Config family = config;
    family.model.pretrainedPath.clear();
    Graph graph = openModel(family, 0).graph;
    runPasses(graph, config.qat.fuseModules ? kFusingPasses : PassId::MergeParallelConvs);
    const QuantPlan plan = resolvePlan(graph, config);
    PlacementReport report;
    for (size_t i = 0; i < plan.groups.size(); ++i) report.groups.push_back(groupInfo(graph, plan, i));
    for (const PlannedJoin& join : plan.joins) report.joins.push_back(joinInfo(graph, plan, join));
    for (const Runtime runtime : {Runtime::TensorRt, Runtime::OnnxRuntime})
        for (PlacementFinding& finding : lintPlacement(graph, plan, runtime))
            report.findings.push_back(std::move(finding));
    for (const PlacementFinding& finding : report.findings)
        if (!report.layersAt.contains(finding.node)) report.layersAt[finding.node] = layerNamesAt(graph, finding.node);
    return report;
}

}  // namespace qat
