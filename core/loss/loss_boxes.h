// Complete IoU and distribution focal loss of single boxes, each with its gradient.
#pragma once

#include <array>
#include <cstdint>

namespace qat {

using Corners = std::array<double, 4>;  // x1, y1, x2, y2

struct CompleteIou {
    double value = 0;    // -1.5 .. 1
    Corners gradient{};  // of the value with respect to the predicted corners
};

// Complete IoU (Zheng et al., "Distance-IoU Loss", AAAI 2020): IoU - d^2 / c^2 - a v, where d is the distance of the
// centres, c the diagonal of the enclosing box, v = 4 / pi^2 (atan(w'/h') - atan(w/h))^2 and a = v / (v - IoU + 1).
// As in the paper the gradient takes a for a constant. Where two edges coincide the gradient is halfway.
CompleteIou completeIou(const Corners& predicted, const Corners& target);

// The distribution of one side's distance over the bins: the softmax of the logits.
struct SideDistribution {
    double expected = 0;       // bin, 0 .. bins - 1
    double logNormaliser = 0;  // log of the sum of e^logit
};
SideDistribution readDistribution(const float* logits, int64_t bins);

// What a map says of a side's distance in cells: the number itself if there is one, else the expected bin.
double sideDistance(const float* logits, int64_t bins);

// Adds slope x the derivative of the expected bin with respect to the logits, p_i (i - expected), to `gradient`.
void addExpectedSlope(const float* logits, int64_t bins, const SideDistribution& side, double slope, float* gradient);

// Distribution focal loss (Li et al., "Generalized Focal Loss", NeurIPS 2020) of one side: the cross entropies of the
// two bins next to `distance` (0 <= distance < bins - 1, in cells), weighted by nearness. Adds scale x its gradient
// with respect to the logits to `gradient` unless that is null.
double focalLoss(const float* logits, int64_t bins, const SideDistribution& side, double distance, double scale,
                 float* gradient);

}  // namespace qat
