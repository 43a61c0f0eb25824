// Precision and recall of one class from its ranked detections: average precision and curves over the confidence.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qat {

inline constexpr size_t kIouLevels = 10;  // 0.50, 0.55, ... 0.95

// Bit t of hits[i] says whether detection i is right at IoU level t; detections by score descending.
struct RankedClass {
    std::vector<float> scores;
    std::vector<uint16_t> hits;
    int64_t labels = 0;
};

// Area under the precision envelope for every IoU level: recall and precision start at (0, 1) and end at (1, 0),
// are interpolated linearly at 0, 0.01, ... 1 and integrated by the trapezoid rule. 0..1; 0 without detections.
// Needs at least one label.
std::array<double, kIouLevels> averagePrecision(const RankedClass& ranked);

// At confidence i / 999, IoU level 0.50.
struct ConfidenceCurves {
    static constexpr size_t kPoints = 1000;
    std::array<double, kPoints> precision{}, recall{};
};

// Linear between detections. Above the best score precision is 1 and recall 0; both are 0 without detections.
// Needs at least one label.
ConfidenceCurves confidenceCurves(const RankedClass& ranked);

// Index of the confidence with the best F1: averaged over classes, smoothed over 101 points, the first of equals.
size_t bestConfidence(std::span<const ConfidenceCurves> classes);

// F1 at the confidence of that index, averaged over classes; 0 without any.
double meanF1(std::span<const ConfidenceCurves> classes, size_t index);

}  // namespace qat
