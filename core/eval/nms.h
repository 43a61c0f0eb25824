// From the decoded output of a detector to its list of detections: thresholds and non-maximum suppression. What a
// network's head asks for is in eval/post_processing.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/detection.h"

namespace qat {

struct NmsOptions {
    float conf = 0.25f;            // 0..1; a score must be strictly above
    double iou = 0.7;              // 0..1; a box goes when it overlaps a better one strictly more
    int maxDetections = 300;       // kept per image
    bool multiLabel = false;       // one box may give several classes; without effect on a single class
    bool agnostic = false;         // boxes suppress each other across classes
    int maxCandidates = 30000;     // the best that enter suppression
    float maxWh = 7680;            // boxes of class c are moved by c * maxWh pixels, so that classes do not meet
    static NmsOptions predict();   // 0.25, one class a box
    static NmsOptions validate();  // 0.001, several classes a box
};

// decoded: [4 + numClasses, anchors] row-major; rows are centre x, centre y, width, height in pixels, then scores
// after the sigmoid. Returns boxes x1, y1, x2, y2 in the same pixels, by score descending, ties by anchor, then
// class. Of equal scores of one anchor the first class wins. An anchor with a NaN score is left out.
// Throws Error{BadInput} when an option is out of range, Error{Internal} when the size of `decoded` does not fit.
std::vector<Detection> nonMaxSuppression(std::span<const float> decoded, int64_t numClasses, int64_t anchors,
                                         const NmsOptions& options);

}  // namespace qat
