// What a network's own description says of its quantizers (graph/declared_quantizer.h), laid under the user's patterns.
#pragma once

#include <string>

#include "graph/graph.h"
#include "quant/layer_settings.h"
#include "quant/scale_groups.h"

namespace qat {

// Of the layer's weight, or null.
const DeclaredQuantizer* declaredWeight(const Graph& graph, const Node& layer);
// Of the values that share a grid: the declaration with the most bits, signed ones before others; or null.
const DeclaredQuantizer* declaredRange(const Graph& graph, const ScaleGroup& group);

// What a declaration makes of the settings of one tensor, which then come from its reason.
void apply(const DeclaredQuantizer& declared, Resolved& how, LayerValues& values);

// Activation quantizers whose range is stated, so that nothing need be observed for them.
bool statesRange(const TensorQuantConfig& tensor);

}  // namespace qat
