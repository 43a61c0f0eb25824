// Folds batch norms into the convolutions before them.
//
//     y = BatchNorm(Conv2d(x, w))      ->      y = Conv2d(x, w', b')
//     f = weight / sqrt(running_var + eps),  w' = w f,  b' = bias + (b - running_mean) f        (per output channel)
//
// Fires when the convolution's only reader is the batch norm and nobody else reads its weight and bias. A quantized
// weight keeps its integer codes: its scale becomes |f| times the old one, one a channel; where f is negative the codes
// change sign, so the grid must be symmetric with zero point 0, and settled (canonicalize_quantizers.h). Of a network
// without tensors the structure is folded.
#pragma once

#include "graph/graph.h"

namespace qat {

// Returns how many were folded. Throws Error{Unsupported} naming the layer whose quantized weight cannot be folded.
int foldBatchNorm(Graph& graph);

// The same for one batch norm; false where the fold does not fire.
bool foldBatchNorm(Graph& graph, NodeId norm);

}  // namespace qat
