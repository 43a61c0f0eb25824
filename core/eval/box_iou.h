// Intersection over union of two boxes in double precision.
#pragma once

#include <algorithm>

#include "base/detection.h"

namespace qat {

// 0..1; 0 when the boxes do not meet, when both are empty, and when a coordinate is NaN.
inline double boxIou(const Box& a, const Box& b) {
    const double width = std::min<double>(a[2], b[2]) - std::max<double>(a[0], b[0]);
    const double height = std::min<double>(a[3], b[3]) - std::max<double>(a[1], b[1]);
    if (!(width > 0 && height > 0)) return 0;
    const double intersection = width * height;
    const auto area = [](const Box& box) {
        return (static_cast<double>(box[2]) - box[0]) * (static_cast<double>(box[3]) - box[1]);
    };
    const double ratio = intersection / (area(a) + area(b) - intersection);
    return ratio > 0 ? std::min(ratio, 1.0) : 0;
}

}  // namespace qat
