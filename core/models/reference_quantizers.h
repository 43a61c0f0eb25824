// The quantizers that published quantized networks of a family have: what quant_resnet20 means beside resnet20.
#pragma once

#include "graph/graph.h"

namespace qat {

// Declares them for the graph of a classifier (graph/declared_quantizer.h), in the place of what was declared before;
// widths are those of the configuration but for the pictures' and, where the reference has 8 bits there, those of the
// first and the last layer. ResNet, VGG and MobileNet: a scale a channel from the largest weight, learned unsigned
// scales behind ReLU, signed ones for addends. CNV: the constant range -1 to 1 for weights and activations. Throws
// Error{BadInput} naming the network that has no reference.
void declareReference(Graph& graph);

}  // namespace qat
