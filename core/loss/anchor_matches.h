// Which anchors of an anchor head answer for which label: decided by shape and place alone, whatever is predicted.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "loss/loss_targets.h"

namespace qat {

// In cells of its level.
struct AnchorShape {
    float width, height;
};

struct AnchorMatch {
    int64_t column, row;   // the cell
    size_t anchor, label;  // of those given
};

// The rule of YOLOv5: an anchor takes a label if neither side is four times the other's or more. It does so in the
// label's own cell and in the nearer neighbour of each axis, if the centre lies within half a cell of it and not at the
// map's edge. In YOLOv5's order: own cells first, then neighbours at the left, above, right and below; in each the
// anchors in turn, and of an anchor the labels.
std::vector<AnchorMatch> matchAnchors(std::span<const Label> labels, std::span<const AnchorShape> anchors,
                                      int64_t width, int64_t height);

}  // namespace qat
