#include "loss/anchor_matches.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace qat {
namespace {

constexpr float kMostRatio = 4;  // of a label's side and the anchor's, either way
constexpr float kReach = 0.5f;   // of the centre into the half of its cell that is next to a neighbour

enum class Where { Here, Left, Above, Right, Below };

bool fits(const Label& label, const AnchorShape& anchor, float width, float height) {
    const auto ratio = [](float a, float b) { return std::max(a / b, b / a); };
    return std::max(ratio(label.w * width, anchor.width), ratio(label.h * height, anchor.height)) < kMostRatio;
}

// Whether a neighbour at the low end of an axis takes part; for that at the high end count from there.
bool reaches(float centre) {
    return centre - std::floor(centre) < kReach && centre > 1;
}

bool takesPart(Where where, float x, float y, float width, float height) {
    switch (where) {
        case Where::Here:
            return true;
        case Where::Left:
            return reaches(x);
        case Where::Above:
            return reaches(y);
        case Where::Right:
            return reaches(width - x);
        case Where::Below:
            return reaches(height - y);
    }
    return false;
}

int64_t cellAt(float place, int64_t cells) {
    return std::clamp(static_cast<int64_t>(place), int64_t{0}, cells - 1);
}

}  // namespace

std::vector<AnchorMatch> matchAnchors(std::span<const Label> labels, std::span<const AnchorShape> anchors,
                                      int64_t width, int64_t height) {
    const auto across = static_cast<float>(width), down = static_cast<float>(height);
    std::vector<AnchorMatch> matches;
    for (const Where where : {Where::Here, Where::Left, Where::Above, Where::Right, Where::Below}) {
        const float byX = where == Where::Left ? -kReach : where == Where::Right ? kReach : 0;
        const float byY = where == Where::Above ? -kReach : where == Where::Below ? kReach : 0;
        for (size_t anchor = 0; anchor < anchors.size(); ++anchor)
            for (size_t label = 0; label < labels.size(); ++label) {
                const float x = labels[label].x * across, y = labels[label].y * down;
                if (!fits(labels[label], anchors[anchor], across, down)) continue;
                if (!takesPart(where, x, y, across, down)) continue;
                matches.push_back({cellAt(x + byX, width), cellAt(y + byY, height), anchor, label});
            }
    }
    return matches;
}

}  // namespace qat
