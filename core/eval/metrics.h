// Precision, recall and mean average precision as the Ultralytics validator computes them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/detection.h"
#include "eval/precision_recall.h"

namespace qat {

// What was found in an image and what is there, in one frame of pixels.
struct EvaluatedImage {
    std::vector<Detection> detections;  // any order; one whose score is not finite counts as not made
    std::vector<LabelBox> labels;
};

// All ratios 0..1. Precision and recall are those at the confidence of the best mean F1, IoU 0.50.
struct ClassMetrics {
    int classIndex = 0;
    int64_t images = 0, labels = 0;  // images that show the class
    double precision = 0, recall = 0, ap50 = 0, ap75 = 0, ap = 0;
    std::array<double, kIouLevels> apAtIou{};
};

// Means over `classes`, which holds those with labels, ascending; zero when there are none.
struct DetectionMetrics {
    double precision = 0, recall = 0, map50 = 0, map75 = 0, map = 0;
    double f1 = 0;                     // the best mean F1, IoU 0.50
    std::optional<double> confidence;  // the score at which it is, 0..1; nothing where nothing right was found
    int64_t images = 0, labels = 0;
    std::vector<ClassMetrics> classes;
};

// Takes images as they come and keeps 12 bytes a detection. The order of images decides only between equal scores.
class MetricsAccumulator {
public:
    explicit MetricsAccumulator(int numClasses);
    // Throws Error{BadInput} when a class is outside 0..numClasses-1.
    void add(std::span<const Detection> detections, std::span<const LabelBox> labels);
    DetectionMetrics result() const;

private:
    struct Scored {
        float score;
        int32_t classIndex;
        uint16_t hits;  // bit t: right at IoU level t
    };
    void countLabels(std::span<const LabelBox> labels);
    std::vector<RankedClass> rankByClass() const;

    int m_numClasses;
    int64_t m_images = 0;
    std::vector<int64_t> m_labels, m_imagesWith, m_lastImage;  // by class
    std::vector<Scored> m_scored;
};

// Throws as MetricsAccumulator::add.
DetectionMetrics ultralyticsMetrics(std::span<const EvaluatedImage> images, int numClasses);

// Hit bits of the detections of one image, which are in falling score order. Each detection goes to the label of its
// class with the highest IoU, the later of equals; of the detections of a label the first one is right, separately
// at each level. This is not the greedy rule of COCO.
std::vector<uint16_t> matchToLabels(std::span<const Detection> detections, std::span<const LabelBox> labels);

}  // namespace qat
