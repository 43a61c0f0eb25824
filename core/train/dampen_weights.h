// Dampening: low-bit weights are drawn to the middle of their codes, away from the boundaries (Nagel et al. 2022, eq.
// 5).
#pragma once

#include <vector>

#include "train/low_bit_weights.h"

namespace qat {

// Loss: sum over all weights of (w^ - clip(w, s n, s p))^2, w^ = s clip(round(w / s), n, p) without gradient. Adds
// `factor` times its gradient, 2 (w - w^) within the grid and 0 beyond it, to those that the weights have, and returns
// the loss.
double dampen(Graph& graph, const std::vector<LowBitWeight>& weights, double factor);

}  // namespace qat
