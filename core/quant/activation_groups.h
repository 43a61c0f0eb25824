// From what layers ask for to one answer for every scale group.
#pragma once

#include <map>

#include "quant/layer_answers.h"
#include "quant/plan.h"

namespace qat {

// Fills in groups and joins of the plan: groups that a quantized layer reads, sources that a join requantizes, and
// results that are quantized in front of their activation. answers: of the quantized layers. Readers that disagree are
// warned of.
void planActivations(const Graph& graph, const Config& config, const std::map<NodeId, LayerAnswer>& answers,
                     QuantPlan& plan);

}  // namespace qat
