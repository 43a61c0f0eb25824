// Resolving a configuration into a plan.
#include "quant/plan.h"

#include <algorithm>

#include "quant/activation_groups.h"
#include "quant/branch_policies.h"
#include "quant/layer_settings.h"

namespace qat {

const WeightPlan* QuantPlan::weightOf(NodeId node) const {
    const auto found = std::ranges::find(weights, node, &WeightPlan::node);
    return found == weights.end() ? nullptr : &*found;
}

const ActivationGroup* QuantPlan::groupRead(NodeId node) const {
    const auto found = std::ranges::find_if(groups, [&](const ActivationGroup& group) {
        return std::ranges::find(group.readers, node) != group.readers.end();
    });
    return found == groups.end() ? nullptr : &*found;
}

std::vector<NodeId> quantizableNodes(const Graph& graph) {
    std::vector<NodeId> nodes;
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        if (hasWeight(node.op) && node.role != NodeRole::Projection) nodes.push_back(id);
    }
    return nodes;
}

std::vector<NodeId> dataProducts(const Graph& graph) {
    std::vector<NodeId> nodes;
    for (const NodeId id : graph.order()) {
        const LayerRole role = traitsOf(graph.node(id).op).layer;
        if (role.activations > 0 && !role.weight) nodes.push_back(id);
    }
    return nodes;
}

namespace {

bool declaresWeights(const Graph& graph) {
    return std::ranges::any_of(graph.declared, &DeclaredQuantizer::weight);
}

}  // namespace

QuantPlan resolvePlan(const Graph& graph, const Config& config) {
    QuantPlan plan;
    const ScaleGroups scaleGroups(graph, config.quantization.scaleGroups, config.quantization.asDeclared);
    LayerSettingsResolver resolver(graph, config, scaleGroups);
    std::map<NodeId, LayerSettings> quantized;
    for (const NodeId id : quantizableNodes(graph)) {
        const LayerSettings settings = resolver.of(graph.node(id));
        plan.values[id] = settings.values;
        if (settings.skip) {
            plan.skipped.push_back(graph.node(id).name);
            continue;
        }
        plan.weights.push_back({id, settings.weight});
        quantized.emplace(id, settings);
    }
    for (const NodeId id : dataProducts(graph))
        if (const LayerSettings settings = resolver.of(graph.node(id)); !settings.skip) quantized.emplace(id, settings);
    for (const auto& [id, settings] : quantized) {
        if (!settings.declared.empty())
            plan.declared[id] = settings.declared;
        else if (auto rows = policiesOf(graph, graph.node(id)); config.quantization.branchPolicies && !rows.empty())
            plan.policies[id] = std::move(rows);
    }
    plan.warnings = resolver.unmatched();
    if (config.quantization.asDeclared && config.qat.fuseModules && declaresWeights(graph))
        plan.warnings.push_back(
            "the network's own description quantizes weights beside batch norms, which are folded "
            "into them here: qat_params.fuse_modules: false keeps them apart");
    planActivations(graph, config, scaleGroups, resolver, quantized, plan);
    return plan;
}

}  // namespace qat
