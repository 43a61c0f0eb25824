// The decoded output of a detector, and the order of what is found in it: shared by the ways to make detections of it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "eval/nms.h"

namespace qat {

struct DecodedScores {
    std::span<const float> values;
    int64_t numClasses, anchors;
    const float* row(int64_t index) const { return values.data() + index * anchors; }
    float score(int64_t anchor, int64_t classIndex) const { return row(4 + classIndex)[anchor]; }
    // x1, y1, x2, y2.
    Box corners(int64_t anchor) const;
};

// Throws Error{BadInput} when an option is out of range, Error{Internal} when the size of `values` does not fit.
DecodedScores decodedScores(std::span<const float> values, int64_t numClasses, int64_t anchors,
                            const NmsOptions& options);

// Sorts ascending by falling score, then by index, which is below 2^32.
inline uint64_t candidateKey(float score, int64_t index) {
    const auto bits = std::bit_cast<uint32_t>(score + 0.0f);  // -0 and 0 are one score
    const uint32_t ascending = (bits & 0x80000000u) ? ~bits : bits | 0x80000000u;
    return static_cast<uint64_t>(~ascending) << 32 | static_cast<uint64_t>(index);
}

inline int64_t candidateIndex(uint64_t key) {
    return static_cast<int64_t>(key & 0xFFFFFFFFu);
}

// Keeps the best `limit` of the candidates, in order.
inline void keepBest(std::vector<uint64_t>& keys, size_t limit) {
    if (keys.size() > limit) {
        std::nth_element(keys.begin(), keys.begin() + static_cast<ptrdiff_t>(limit), keys.end());
        keys.resize(limit);
    }
    std::sort(keys.begin(), keys.end());
}

}  // namespace qat
