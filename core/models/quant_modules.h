// Modules of tables that state their own quantizers (quantized-yolov5): convolutions, blocks and a clipped result. What
// each states goes into Graph::declared.
#pragma once

#include <optional>
#include <string>

#include "models/modules.h"

namespace qat {

// QuantConv: channels; kernel, stride, padding, groups, activation, norm, bits of weights, bits of activations.
Maps quantConvRow(const ModuleCall& call);
// QuantSimpleConv, no norm and no activation: channels; kernel, stride, padding, groups, bits of weights, bits of
// activations (of which it has none), clipped.
Maps quantSimpleConv(const ModuleCall& call);
// QuantBottleneck: channels; shortcut, groups, ratio, bits of weights, bits of activations.
Maps quantBottleneckRow(const ModuleCall& call);
// QuantC3: channels; shortcut, groups, ratio, bits of weights, bits of activations, clipped.
Maps quantC3(const ModuleCall& call);
// QuantSPPF: channels; kernel, bits of weights, bits of activations.
Maps quantSppf(const ModuleCall& call);

// Whole bits of an argument, 1 to 8. Throws Error{BadInput} naming the row.
int64_t bitsAt(const ModuleCall& call, size_t index, std::optional<int64_t> missing = std::nullopt);

// The weight of the layer: its largest magnitudes, a channel each, or signs of scale 1 with one bit. place: who says
// so.
void declareWeight(Graph& graph, const std::string& layer, int64_t bits, const std::string& place);

// x / 2 cut to [-1, 1] in 8 bits, whatever the data: codes -127..127.
ValueId declaredHardTanh(Graph& graph, const std::string& name, ValueId x, const std::string& place);

// The image's own 8 bits, where the network declares any quantizer.
void declareImage(Graph& graph);

}  // namespace qat
