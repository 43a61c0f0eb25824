// Cross-layer equalization (Nagel et al. 2019): channels between two convolutions are scaled so that both weights use
// their ranges alike.
//
//     W1_i /= t_i, b1_i /= t_i, W2_:,i *= t_i,  t_i = sqrt(max|W1_i| / max|W2_:,i|)
//
// Exact, up to rounding, where nothing or a rectifier stands between the two and nobody else reads what is between:
// both pass a positive factor through. SiLU and sigmoid do not; pairs around them are counted and left alone. Batch
// norms should be folded before, pairs around them do not match.
#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace qat {

struct Equalization {
    int64_t pairs = 0;             // equalized
    int64_t curved = 0;            // left alone because of the activation between them
    double before = 1, after = 1;  // largest over smallest range of a first weight's channels, mean over the pairs
};

// Several rounds, since a convolution may be the second of one pair and the first of the next, until factors stay
// near 1.
Equalization equalizeLayers(Graph& graph);

}  // namespace qat
