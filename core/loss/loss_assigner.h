// Task-aligned assignment: which anchors answer for which label, and how strongly.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "loss/detection_loss.h"
#include "loss/loss_targets.h"

namespace qat {

// One image's part of one head map: rows of cells, each `channels` floats (distributions, then class logits).
struct HeadView {
    const float* logits;
    int64_t height, width, channels;
    int64_t stride;  // pixels of the input per cell
    int64_t cells() const { return height * width; }
};

struct Positive {
    int64_t anchor;  // counted over the levels, row by row
    size_t truth;    // index of the label
    float score;     // what the label's class should score there, 0 .. 1
};

struct Assignment {
    std::vector<Positive> positives;  // at most one an anchor; scores of 0 included
    double scoreSum = 0;              // not-a-number where a labelled place predicts something not finite
};

// After Feng et al. (TOOD, ICCV 2021) with the details of the YOLOv8 recipe: a label claims the `topk` best aligned of
// all anchors, as far as their centre lies inside it; among equals the first anchor. An anchor claimed twice goes to
// the label, claiming or not, that it overlaps most; among equals the first label. The score is the alignment, scaled
// so that a label's best anchor has the best overlap of its anchors. With `topk2` a label keeps the so many best
// aligned of the anchors that then are its own, among equals the first, before scores are given.
Assignment assignAnchors(std::span<const HeadView> levels, std::span<const TrueBox> truths,
                         const DetectionLossOptions& options);

}  // namespace qat
