// A network out of its table of layers: a detector, or a classifier where the table ends in Logits or Classify.
#pragma once

#include "base/random.h"
#include "graph/graph.h"
#include "models/layout.h"
#include "models/module_builder.h"

namespace qat {

// Weights start as torch's Conv2d does (uniform within 1/sqrt(fan in)), batch norms as identity, head biases so that
// scores start as rare as objects are; without random numbers only constants and the weight of the expectation have
// tensors. `styles`: what a stored network says of its Conv modules.
// Outputs: head.0, head.1, ... (raw maps [N, 4 regMax + classes, H/s, W/s], of anchors [N, anchors (5 + classes), H/s,
// W/s]), decoded ([N, 4 + classes, A]: centre x, y, width, height in input pixels, then scores), of end-to-end
// detectors those of the other head too, and the maps that later rows go back to (model.4, ...); of classifiers logits
// [N, classes] alone in the stead of maps and decoded boxes. Throws Error{BadInput}
// naming the row: for modules that are not known (all of them at once), sources that are not there, channels and
// strides that do not fit, and tables that ask for more than a network has.
Graph buildDetector(const Layout& layout, Random* random, const ConvStyles* styles = nullptr);

}  // namespace qat
