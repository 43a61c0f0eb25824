// Single-precision loops over all anchors inside a label: the part of the assignment that costs time.
#include "loss/loss_align.h"

#include <algorithm>
#include <cmath>

#include "loss/loss_boxes.h"
#include "loss/loss_vector.h"

namespace qat {
namespace {

constexpr float kAlignEps = 1e-7f;
constexpr float kAngleScale = 0.405284735f;  // 4 / pi^2

// Folds the lanes in halves, always in the same order.
template <class Combine>
QAT_LOSS_INLINE float foldLanes(float* lanes, Combine combine) {
    for (int i = 0; i < 8; ++i) lanes[i] = combine(lanes[i], lanes[i + 8]);
    for (int i = 0; i < 4; ++i) lanes[i] = combine(lanes[i], lanes[i + 4]);
    for (int i = 0; i < 2; ++i) lanes[i] = combine(lanes[i], lanes[i + 2]);
    return combine(lanes[0], lanes[1]);
}

// Expected bins of four distributions of kLanes bins each.
QAT_LOSS_CLONES void expectedBins(const float* logits, float* expected) {
    for (int side = 0; side < 4; ++side, logits += kLanes) {
        float lanes[kLanes], weights[kLanes], moments[kLanes];
        for (int i = 0; i < kLanes; ++i) lanes[i] = logits[i];
        const float largest = foldLanes(lanes, [](float a, float b) { return a > b ? a : b; });
        for (int i = 0; i < kLanes; ++i) {
            weights[i] = vectorExp(logits[i] - largest);
            moments[i] = static_cast<float>(i) * weights[i];
        }
        const auto add = [](float a, float b) { return a + b; };
        expected[side] = foldLanes(moments, add) / foldLanes(weights, add);
    }
}

// Complete IoU as in loss_boxes.h, one label against a run of boxes; the small addend is on heights only there too.
QAT_LOSS_CLONES void overlapRun(const float* x1, const float* y1, const float* x2, const float* y2, const float* angle,
                                int64_t count, const TrueBox& truth, float* __restrict overlap) {
    const float left = truth.x1, top = truth.y1, right = truth.x2, bottom = truth.y2;
    const float width = right - left, height = bottom - top + kAlignEps;
    const float area = width * height, truthAngle = std::atan(width / height);
    for (int64_t i = 0; i < count; ++i) {
        const float w = x2[i] - x1[i], h = y2[i] - y1[i] + kAlignEps;
        const float interW = std::max(std::min(right, x2[i]) - std::max(left, x1[i]), 0.0f);
        const float interH = std::max(std::min(bottom, y2[i]) - std::max(top, y1[i]), 0.0f);
        const float inter = interW * interH;
        const float iou = inter / (area + w * h - inter + kAlignEps);
        const float outerW = std::max(right, x2[i]) - std::min(left, x1[i]);
        const float outerH = std::max(bottom, y2[i]) - std::min(top, y1[i]);
        const float diagonal = outerW * outerW + outerH * outerH + kAlignEps;
        const float shiftX = x1[i] + x2[i] - left - right, shiftY = y1[i] + y2[i] - top - bottom;
        const float distance = (shiftX * shiftX + shiftY * shiftY) / 4;
        const float turn = angle[i] - truthAngle;
        const float v = kAngleScale * (turn * turn);
        const float alpha = v / (v - iou + (1 + kAlignEps));
        overlap[i] = std::max(iou - (distance / diagonal + v * alpha), 0.0f);
    }
}

// The usual exponents, 1/2 and 6; holds the logits in align on entry.
QAT_LOSS_CLONES void alignUsual(const float* __restrict overlap, int64_t count, float* __restrict align) {
    for (int64_t i = 0; i < count; ++i) {
        const float score = 1.0f / (1.0f + vectorExp(-align[i]));
        const float square = overlap[i] * overlap[i];
        align[i] = std::sqrt(score) * (square * square * square);
    }
}

}  // namespace

float Alignment::operator()(float score, float overlap) const {
    return std::pow(score, static_cast<float>(alpha)) * std::pow(overlap, static_cast<float>(beta));
}

bool decodeAnchor(const float* logits, int64_t bins, int64_t column, int64_t row, int64_t stride, size_t anchor,
                  AnchorBoxes& boxes) {
    float sides[4];
    if (bins == kLanes)
        expectedBins(logits, sides);
    else
        for (int64_t i = 0; i < 4; ++i) sides[i] = static_cast<float>(sideDistance(logits + i * bins, bins));
    const float x = static_cast<float>(column) + 0.5f, y = static_cast<float>(row) + 0.5f;
    const auto scale = static_cast<float>(stride);
    boxes.x1[anchor] = (x - sides[0]) * scale;
    boxes.y1[anchor] = (y - sides[1]) * scale;
    boxes.x2[anchor] = (x + sides[2]) * scale;
    boxes.y2[anchor] = (y + sides[3]) * scale;
    boxes.angle[anchor] =
        std::atan((boxes.x2[anchor] - boxes.x1[anchor]) / (boxes.y2[anchor] - boxes.y1[anchor] + kAlignEps));
    return std::isfinite(sides[0] + sides[1] + sides[2] + sides[3]);
}

void alignRun(const AnchorBoxes& boxes, size_t first, int64_t count, const TrueBox& truth, const float* logits,
              int64_t step, const Alignment& alignment, float* overlap, float* align) {
    overlapRun(&boxes.x1[first], &boxes.y1[first], &boxes.x2[first], &boxes.y2[first], &boxes.angle[first], count,
               truth, overlap);
    for (int64_t i = 0; i < count; ++i) align[i] = logits[i * step];
    if (alignment.alpha == 0.5 && alignment.beta == 6.0) return alignUsual(overlap, count, align);
    for (int64_t i = 0; i < count; ++i) align[i] = alignment(1.0f / (1.0f + std::exp(-align[i])), overlap[i]);
}

}  // namespace qat
