// Where a configuration puts quantizers: which tensors share a grid and why, and what runtimes make of it. Runs
// nothing, and needs no checkpoint.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "quant/placement_lint.h"

namespace qat {

// Tensors with one scale and zero point.
struct GroupInfo {
    std::string name;  // of its first source
    int bits = 0;
    std::vector<std::string> sources;  // tensors after which a quantizer stands
    std::vector<std::string> readers;  // quantized layers
    std::vector<std::string> joins;    // concatenations and additions that tie the sources
    bool followsSums = false;          // addends take the range of their sum
};

// A concatenation or an addition that reads quantized tensors.
struct JoinInfo {
    std::string node, kind, mode;     // kind: concat, add; mode as in quantization.scale_groups
    std::vector<std::string> inputs;  // groups; "" = in float
    std::string output;
};

struct PlacementReport {
    std::vector<GroupInfo> groups;  // execution order
    std::vector<JoinInfo> joins;
    std::vector<PlacementFinding> findings;  // of every runtime
    // By PlacementFinding::node: the layers whose results come in there, nearest ones only; for a weight its layer, and
    // before the first layers those that read it. Execution order.
    std::map<std::string, std::vector<std::string>> layersAt;
};

// The family the config names stands for its model; batch norms are folded as in a run.
PlacementReport describePlacement(const Config& config);

}  // namespace qat
