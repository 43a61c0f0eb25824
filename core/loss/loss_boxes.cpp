// Box losses of the few assigned anchors, in double precision because speed does not matter here.
#include "loss/loss_boxes.h"

#include <algorithm>
#include <cmath>

namespace qat {
namespace {

constexpr double kBoxEps = 1e-7;
constexpr double kPi = 3.14159265358979323846;

// Derivative of min(a, b) by a; that of max(a, b) is the same with the two exchanged.
double minSlope(double a, double b) {
    return a < b ? 1.0 : a == b ? 0.5 : 0.0;
}

// One axis of a pair of boxes: lengths, and their derivatives by the predicted low and high edge.
struct Axis {
    double overlap, overlapLow, overlapHigh;
    double enclosing, enclosingLow, enclosingHigh;
    double centreShift;  // twice the distance of the centres, signed
};

Axis compare(double low, double high, double targetLow, double targetHigh) {
    const double overlap = std::min(high, targetHigh) - std::max(low, targetLow);
    const bool touching = overlap >= 0;
    return {.overlap = std::max(overlap, 0.0),
            .overlapLow = touching ? -minSlope(targetLow, low) : 0.0,
            .overlapHigh = touching ? minSlope(high, targetHigh) : 0.0,
            .enclosing = std::max(high, targetHigh) - std::min(low, targetLow),
            .enclosingLow = -minSlope(low, targetLow),
            .enclosingHigh = minSlope(targetHigh, high),
            .centreShift = targetLow + targetHigh - low - high};
}

}  // namespace

CompleteIou completeIou(const Corners& p, const Corners& t) {
    const double w = p[2] - p[0], h = p[3] - p[1] + kBoxEps;
    const double targetW = t[2] - t[0], targetH = t[3] - t[1] + kBoxEps;
    const Axis x = compare(p[0], p[2], t[0], t[2]), y = compare(p[1], p[3], t[1], t[3]);

    const double inter = x.overlap * y.overlap;
    const double join = w * h + targetW * targetH - inter + kBoxEps;
    const double iou = inter / join;
    const double diagonal = x.enclosing * x.enclosing + y.enclosing * y.enclosing + kBoxEps;
    const double distance = (x.centreShift * x.centreShift + y.centreShift * y.centreShift) / 4;
    const double angle = std::atan(targetW / targetH) - std::atan(w / h);
    const double v = 4 / (kPi * kPi) * angle * angle;
    const double alpha = v / (v - iou + 1 + kBoxEps);

    // Slopes by the quantities above; the chain to a corner goes through w or h, overlap, enclosing box and centre.
    const double byInter = (join + inter) / (join * join);  // the join holds -inter
    const double byArea = -inter / (join * join);
    const double byDistance = -1 / diagonal, byDiagonal = distance / (diagonal * diagonal);
    const double byAngle = -alpha * 8 / (kPi * kPi) * angle;
    const double byW = byArea * h - byAngle * h / (w * w + h * h);
    const double byH = byArea * w + byAngle * w / (w * w + h * h);
    const auto corner = [&](const Axis& axis, double otherOverlap, double overlap, double enclosing) {
        return byInter * otherOverlap * overlap + byDiagonal * 2 * axis.enclosing * enclosing -
               byDistance * axis.centreShift / 2;
    };
    return {.value = iou - distance / diagonal - alpha * v,
            .gradient = {corner(x, y.overlap, x.overlapLow, x.enclosingLow) - byW,
                         corner(y, x.overlap, y.overlapLow, y.enclosingLow) - byH,
                         corner(x, y.overlap, x.overlapHigh, x.enclosingHigh) + byW,
                         corner(y, x.overlap, y.overlapHigh, y.enclosingHigh) + byH}};
}

SideDistribution readDistribution(const float* logits, int64_t bins) {
    const double largest = *std::max_element(logits, logits + bins);
    double sum = 0, moment = 0;
    for (int64_t i = 0; i < bins; ++i) {
        const double weight = std::exp(logits[i] - largest);
        sum += weight;
        moment += static_cast<double>(i) * weight;
    }
    return {.expected = moment / sum, .logNormaliser = largest + std::log(sum)};
}

double sideDistance(const float* logits, int64_t bins) {
    return bins == 1 ? static_cast<double>(*logits) : readDistribution(logits, bins).expected;
}

void addExpectedSlope(const float* logits, int64_t bins, const SideDistribution& side, double slope, float* gradient) {
    for (int64_t i = 0; i < bins; ++i)
        gradient[i] += static_cast<float>(slope * std::exp(logits[i] - side.logNormaliser) *
                                          (static_cast<double>(i) - side.expected));
}

double focalLoss(const float* logits, int64_t bins, const SideDistribution& side, double distance, double scale,
                 float* gradient) {
    const auto low = static_cast<int64_t>(distance);
    const double highWeight = distance - static_cast<double>(low), lowWeight = 1 - highWeight;
    if (gradient) {
        for (int64_t i = 0; i < bins; ++i)
            gradient[i] += static_cast<float>(scale * std::exp(logits[i] - side.logNormaliser));
        gradient[low] -= static_cast<float>(scale * lowWeight);
        gradient[low + 1] -= static_cast<float>(scale * highWeight);
    }
    return side.logNormaliser - lowWeight * logits[low] - highWeight * logits[low + 1];
}

}  // namespace qat
