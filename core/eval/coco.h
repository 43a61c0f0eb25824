// The twelve COCO numbers, by the rules of pycocotools.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "eval/metrics.h"

namespace qat {

struct CocoLabel {
    Box box{};
    int32_t classIndex = 0;
    double area = 0;     // the annotation's area in square pixels: that of the object, not of the box
    bool crowd = false;  // a region of many objects: what is found in it counts neither way
};

struct CocoImage {
    std::vector<Detection> detections;  // any order; one whose score is not finite counts as not made
    std::vector<CocoLabel> labels;
};

// AP over recall 0, 0.01, ... 1 and AR, both over IoU 0.50:0.05:0.95 where nothing else is said, with at most 100
// detections an image and class; -1 where no label of that size exists. Small is up to 32x32, large from 96x96.
struct CocoMetrics {
    double ap = -1, ap50 = -1, ap75 = -1, apSmall = -1, apMedium = -1, apLarge = -1;
    double ar1 = -1, ar10 = -1, ar100 = -1, arSmall = -1, arMedium = -1, arLarge = -1;
    std::vector<double> classAp;  // one for each class, -1 without labels
};

// Throws Error{BadInput} when a class is outside 0..numClasses-1.
CocoMetrics cocoMetrics(std::span<const CocoImage> images, int numClasses);

// For labels that are only boxes: the area is that of the box, nothing is a crowd.
CocoImage cocoImage(const EvaluatedImage& image);

}  // namespace qat
