// From what layers ask for to one answer for every scale group.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "quant/layer_answers.h"
#include "quant/plan.h"

namespace qat {

// Groups that a quantized layer reads, and results that are quantized in front of their activation; by first source.
// answers: of the quantized layers. Readers that disagree are named in `warnings`.
std::vector<ActivationGroup> activationGroups(const Graph& graph, const Config& config,
                                              const std::map<NodeId, LayerAnswer>& answers,
                                              std::vector<std::string>& warnings);

}  // namespace qat
