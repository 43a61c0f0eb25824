// From what layers ask for to one setting for every scale group.
#pragma once

#include <map>

#include "quant/layer_settings.h"
#include "quant/plan.h"
#include "quant/scale_groups.h"

namespace qat {

// Fills in groups and joins of the plan: groups that a quantized layer reads, sources that a join requantizes, and
// results that are quantized before their activation, and those that no layer reads but the network declares.
// layerSettings: of the quantized layers. Readers that disagree are warned of.
void planActivations(const Graph& graph, const Config& config, const ScaleGroups& scaleGroups,
                     const LayerSettingsResolver& resolver, const std::map<NodeId, LayerSettings>& layerSettings,
                     QuantPlan& plan);

}  // namespace qat
