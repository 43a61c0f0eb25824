// From the decoded output of an end-to-end head, which makes one box an object, to its list of detections.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "eval/nms.h"

namespace qat {

// decoded: as for nonMaxSuppression(). First the anchors with the best score of any class are taken, maxDetections of
// them, then of all their scores as many of the best: an anchor may give several classes. With `agnostic` each gives
// its best class only. Both orders are by falling score; ties of the first by anchor, of the second by place in the
// first, then by class. What remains is what scores above `conf`; the other options are of no effect. An anchor with a
// NaN score is left out. Returns boxes x1, y1, x2, y2. Throws as nonMaxSuppression().
std::vector<Detection> topScores(std::span<const float> decoded, int64_t numClasses, int64_t anchors,
                                 const NmsOptions& options);

}  // namespace qat
