// Divergences of single anchors, many at once.
#pragma once

#include <cstdint>

namespace qat {

inline constexpr int64_t kMostBins = 64;  // of a box side

// `count` anchors that lie one after another, each 4 x bins distribution logits (one bin: the sides) and then the class
// logits.
struct AnchorRun {
    const float* student;
    const float* teacher;
    const float* weights;  // one an anchor
    int64_t count, bins, classes;
    float inverseTemperature;
    float shareX, shareY;      // of the input, that plain sides count in
    float clsSlope, boxSlope;  // of a weight, in the gradient
    float* gradient;           // laid out as the logits; null if not wanted
};

struct AnchorDivergence {
    double cls = 0;  // sum over anchors of weight x sum over classes of the binary KL(teacher || student)
    double box = 0;  // sum over anchors of weight x sum over the four sides of KL(teacher || student), or of distances
};

// gradient = clsSlope w (p_student - p_teacher) for classes, boxSlope w (q_student - q_teacher) for bins, boxSlope w
// share sign(d_student - d_teacher) for plain sides.
AnchorDivergence divergenceOf(const AnchorRun& run);

}  // namespace qat
