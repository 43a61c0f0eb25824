// The measure of the task-aligned assignment, for runs of anchors at once: decoded boxes, overlap, alignment.
#pragma once

#include <cstdint>
#include <vector>

#include "loss/loss_targets.h"

namespace qat {

// Score^alpha x overlap^beta (Feng et al., "TOOD: Task-aligned One-stage Object Detection", ICCV 2021).
struct Alignment {
    double alpha = 0.5;
    double beta = 6.0;
    float operator()(float score, float overlap) const;
};

// Predicted boxes of one image's anchors in pixels of the input, decoded where a label needs them.
struct AnchorBoxes {
    explicit AnchorBoxes(size_t anchors) : x1(anchors), y1(anchors), x2(anchors), y2(anchors), angle(anchors) {}
    std::vector<float> x1, y1, x2, y2;
    std::vector<float> angle;  // atan(width / height)
};

// Reads the four sides (4 * bins logits: left, top, right, bottom; one bin: distances in cells) of the anchor at cell
// (column, row) and stores its box at `anchor`. Returns whether it is finite.
bool decodeAnchor(const float* logits, int64_t bins, int64_t column, int64_t row, int64_t stride, size_t anchor,
                  AnchorBoxes& boxes);

// For `count` anchors from `first` on: overlap[i] = max(complete IoU with `truth`, 0), and align[i] the alignment with
// the class logits at logits[i * step].
void alignRun(const AnchorBoxes& boxes, size_t first, int64_t count, const TrueBox& truth, const float* logits,
              int64_t step, const Alignment& alignment, float* overlap, float* align);

}  // namespace qat
