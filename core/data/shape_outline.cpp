// Builds each shape around the origin, then stretches, turns and fits it to unit size.
#include "data/shape_outline.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace qat {
namespace {

constexpr int kRoundCorners = 40;

using Contour = std::vector<cv::Point2f>;

// A star with `corners` corners that lie alternately on the outer (1) and the inner radius; inner 1 is a polygon.
Contour radial(int corners, double inner) {
    Contour contour;
    for (int i = 0; i < corners; ++i) {
        const double radius = i % 2 == 0 ? 1.0 : inner, angle = 2 * std::numbers::pi * i / corners;
        contour.emplace_back(static_cast<float>(radius * std::sin(angle)),
                             static_cast<float>(-radius * std::cos(angle)));
    }
    return contour;
}

Contour scaled(Contour contour, float factor) {
    for (auto& point : contour) point *= factor;
    return contour;
}

Contour cross(float arm) {
    return {{-arm, -1}, {arm, -1}, {arm, -arm}, {1, -arm}, {1, arm},   {arm, arm},
            {arm, 1},   {-arm, 1}, {-arm, arm}, {-1, arm}, {-1, -arm}, {-arm, -arm}};
}

Contours plainOutline(int classIndex, Random& random) {
    switch (classIndex) {
        case 0:
            return {radial(kRoundCorners, 1)};
        case 1: {
            const Contour circle = radial(kRoundCorners, 1);
            return {circle, scaled(circle, static_cast<float>(random.uniform(0.45, 0.68)))};
        }
        case 2:
            return {{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}}};
        case 3:
            return {radial(3, 1)};
        case 4:
            return {cross(static_cast<float>(random.uniform(0.24, 0.38)))};
        default:
            return {radial(10, random.uniform(0.38, 0.5))};
    }
}

void transform(Contours& contours, double stretch, double angle) {
    const double c = std::cos(angle), s = std::sin(angle);
    for (auto& contour : contours)
        for (auto& point : contour) {
            const double x = point.x * stretch, y = point.y / stretch;
            point = {static_cast<float>(c * x - s * y), static_cast<float>(s * x + c * y)};
        }
}

void fitToUnit(Contours& contours) {
    cv::Point2f low = contours[0][0], high = low;
    for (const auto& point : contours[0]) {
        low = {std::min(low.x, point.x), std::min(low.y, point.y)};
        high = {std::max(high.x, point.x), std::max(high.y, point.y)};
    }
    const cv::Point2f centre = (low + high) / 2;
    const float side = std::max(high.x - low.x, high.y - low.y);
    for (auto& contour : contours)
        for (auto& point : contour) point = (point - centre) / side;
}

}  // namespace

Contours shapeOutline(int classIndex, Random& random) {
    Contours contours = plainOutline(classIndex, random);
    const double stretch = random.uniform(0.88, 1.14), angle = random.uniform(0, 2 * std::numbers::pi);
    transform(contours, stretch, angle);
    fitToUnit(contours);
    return contours;
}

}  // namespace qat
