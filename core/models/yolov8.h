// The YOLOv8 detector family as a graph builder.
#pragma once

#include <string_view>

#include "base/random.h"
#include "graph/graph.h"

namespace qat {

// variant: n, s, m, l or x. Weights start as torch's Conv2d does (uniform within 1/sqrt(fan in)), batch norms as
// identity, head biases so that scores start as rare as objects are. Outputs: head.0 .. head.2 (raw maps
// [N, 4 regMax + classes, H/s, W/s]), decoded ([N, 4 + classes, A]: centre x, y, width, height in input pixels, then
// sigmoid scores), and model.4, .6, .9, .12, .15, .18, .21. Throws Error{BadInput} for an unknown variant.
Graph buildYolov8(std::string_view variant, int64_t numClasses, Random& random);

// The same without tensors but for constants and the weight of the expectation: for the weights of a file
// (loadWeights).
Graph buildYolov8(std::string_view variant, int64_t numClasses);

}  // namespace qat
