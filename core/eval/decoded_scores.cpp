// Checks, and boxes of anchors.
#include "eval/decoded_scores.h"

#include <cmath>
#include <limits>

#include "base/error.h"

namespace qat {
namespace {

void checkOptions(const NmsOptions& options) {
    require(options.conf >= 0 && options.conf <= 1, ErrorKind::BadInput, "conf must be in 0..1, not ", options.conf);
    require(options.iou >= 0 && options.iou <= 1, ErrorKind::BadInput, "iou must be in 0..1, not ", options.iou);
    require(options.maxDetections > 0, ErrorKind::BadInput, "max_det must be positive, not ", options.maxDetections);
    require(options.maxCandidates > 0, ErrorKind::BadInput, "max_nms must be positive, not ", options.maxCandidates);
    require(std::isfinite(options.maxWh), ErrorKind::BadInput, "max_wh must be finite, not ", options.maxWh);
}

}  // namespace

Box DecodedScores::corners(int64_t anchor) const {
    const float x = row(0)[anchor], y = row(1)[anchor];
    const float halfWidth = row(2)[anchor] / 2, halfHeight = row(3)[anchor] / 2;
    return {x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight};
}

DecodedScores decodedScores(std::span<const float> values, int64_t numClasses, int64_t anchors,
                            const NmsOptions& options) {
    checkOptions(options);
    constexpr int64_t kMaxIndex = std::numeric_limits<uint32_t>::max();
    ensure(numClasses > 0 && anchors >= 0 && anchors <= kMaxIndex / numClasses, "number of scores");
    ensure(values.size() == static_cast<size_t>((4 + numClasses) * anchors), "size of the decoded output");
    return {values, numClasses, anchors};
}

}  // namespace qat
