// Random images with labels, near misses and false alarms; scores come in steps so that ties are common.
#pragma once

#include <vector>

#include "base/random.h"
#include "eval/coco.h"

namespace qat::test {

struct SceneOptions {
    int images = 20, numClasses = 4, maxLabels = 8, maxFalseAlarms = 6;
    double side = 640;                  // pixels of the image
    double minSide = 8, maxSide = 250;  // of an object
    int scoreSteps = 20;
    double crowdShare = 0.15;
};

// Detections are in no order.
std::vector<CocoImage> randomScene(uint64_t seed, const SceneOptions& options);

// The same without areas; crowds become ordinary labels.
std::vector<EvaluatedImage> withoutAreas(const std::vector<CocoImage>& images);

Box randomBox(Random& random, const SceneOptions& options);
// Each edge moved by up to `share` of the box's size.
Box jittered(Random& random, const Box& box, double share);

}  // namespace qat::test
