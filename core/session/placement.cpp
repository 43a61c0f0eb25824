// From ids to names.
#include "session/placement.h"

#include <algorithm>

#include "passes/fold_batch_norm.h"
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

}  // namespace

PlacementReport describePlacement(const Config& config) {
    Config family = config;
    family.model.pretrainedPath.clear();
    Graph graph = openModel(family, config.model.numClasses > 0 ? config.model.numClasses : 80).graph;
    if (config.qat.fuseModules) foldBatchNorm(graph);
    const QuantPlan plan = resolvePlan(graph, config);
    PlacementReport report;
    for (size_t i = 0; i < plan.groups.size(); ++i) report.groups.push_back(groupInfo(graph, plan, i));
    for (const PlannedJoin& join : plan.joins) report.joins.push_back(joinInfo(graph, plan, join));
    for (const Runtime runtime : {Runtime::TensorRt, Runtime::OnnxRuntime})
        for (PlacementFinding& finding : lintPlacement(graph, plan, runtime))
            report.findings.push_back(std::move(finding));
    return report;
}

}  // namespace qat
