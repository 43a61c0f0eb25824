// The contours of the six shapes of the drawn data set.
#pragma once

#include <opencv2/core/types.hpp>
#include <vector>

#include "base/random.h"

namespace qat {

// One or two contours; what lies inside an odd number of them is filled.
using Contours = std::vector<std::vector<cv::Point2f>>;

// A shape of the class (data/shapes.h), with random proportions, turned at random, its bounding box centred on the
// origin and the box's longer side 1 long.
Contours shapeOutline(int classIndex, Random& random);

}  // namespace qat
