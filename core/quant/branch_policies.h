// What some parts of a detector get before any pattern speaks, and why: rows, so that a person can read all of them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "quant/layer_settings.h"

namespace qat {

struct BranchPolicy {
    std::string_view name;    // class branch: what it sets has the origin "class branch policy"
    std::string_view reason;  // a sentence without its end
    bool (*holds)(const Graph& graph, const Node& layer);
    int weightBits = 0, activationBits = 0;  // at least as many; 0: no say
    bool ownRanges = false;                  // a weight that had one range gets one for each of its channels
};

std::span<const BranchPolicy> branchPolicies();

// The rows that hold for a layer, or for a product of data with data, in the table's order.
std::vector<const BranchPolicy*> policiesOf(const Graph& graph, const Node& layer);

// "class branch policy"
std::string originOf(const BranchPolicy& policy);

// Raises what is below. Values that change say which policy it was.
void apply(const BranchPolicy& policy, LayerSettings& settings);

}  // namespace qat
