// Rewrites quantizers whose inputs hold a scale in another form (its logarithm, one with a floor) or a zero point that
// is still being learned into ones that hold the very numbers they compute with. Same outputs, bit by bit.
#pragma once

#include "graph/graph.h"

namespace qat {

// Returns how many quantizers changed. Those of a group share their inputs, and change together.
int canonicalizeQuantizers(Graph& graph);

// Whether a quantizer's inputs hold something else than it computes with.
bool isCanonical(const FakeQuantize& op);

}  // namespace qat
