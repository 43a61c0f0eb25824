// The table. Figures in reasons are those of the guide.
#include "quant/branch_policies.h"

#include <array>

#include "base/error.h"

namespace qat {
namespace {

bool isDepthwise(const Graph& graph, const Node& layer) {
    const auto* conv = std::get_if<Conv2d>(&layer.op);
    return conv && conv->groups > 1 && graph.value(weightOf(layer)).shape.at(1) == 1;
}

constexpr std::array kPolicies{
    BranchPolicy{"head", "boxes and scores are read off its result",
                 [](const Graph&, const Node& layer) { return layer.role == NodeRole::HeadLast; }, 8, 8},
    BranchPolicy{"depthwise",
                 "every channel has a filter of its own, whose range has nothing to do with its neighbour's",
                 isDepthwise, 0, 0, true},
    BranchPolicy{"class branch", "its depthwise layers tell faint objects from nothing by small differences",
                 [](const Graph&, const Node& layer) { return layer.role == NodeRole::SeparableClasses; }, 0, 8},
    BranchPolicy{"box branch", "its result is the side of a box itself, no mean over bins that would even out errors",
                 [](const Graph&, const Node& layer) { return layer.role == NodeRole::PlainSides; }, 0, 8},
    BranchPolicy{"attention", "most probabilities are below a hundredth, and few steps round them to nothing",
                 [](const Graph&, const Node& layer) { return std::holds_alternative<MatMul>(layer.op); }, 0, 8},
};

void raise(int least, const std::string& origin, const char* key, Resolved& how, LayerValues& values) {
    if (how.tensor.bitWidth >= least || floatBits(how.tensor.dtype) > 0) return;
    how.tensor.bitWidth = least;
    values[key] = {str(least), origin};
}

}  // namespace

std::span<const BranchPolicy> branchPolicies() {
    return kPolicies;
}

std::vector<const BranchPolicy*> policiesOf(const Graph& graph, const Node& layer) {
    std::vector<const BranchPolicy*> rows;
    for (const BranchPolicy& policy : kPolicies)
        if (policy.holds(graph, layer)) rows.push_back(&policy);
    return rows;
}

std::string originOf(const BranchPolicy& policy) {
    return str(policy.name, " policy");
}

void apply(const BranchPolicy& policy, LayerSettings& settings) {
    const std::string origin = originOf(policy);
    raise(policy.weightBits, origin, "config.weight.bit_width", settings.weight, settings.values);
    raise(policy.activationBits, origin, "config.activation.bit_width", settings.activation, settings.values);
    if (!policy.ownRanges || settings.weight.tensor.scheme != Scheme::PerTensor) return;
    settings.weight.tensor.scheme = Scheme::PerChannel;
    settings.values["config.weight.scheme"] = {"per_channel", origin};
}

}  // namespace qat
