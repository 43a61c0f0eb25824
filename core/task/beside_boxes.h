// What detectors make beside boxes, in sentences: losses and metrics are those of boxes.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace qat {

// Names of the outputs that are deployed beside the decoded one: masks, protos; keypoints; angles, rotated.
std::vector<std::string> besideBoxes(const Graph& graph);

// "masks are not scored", of these outputs; empty where there are none.
std::string notScored(const std::vector<std::string>& beside);

// What training does to them; empty where there are none.
std::string notTrained(const std::vector<std::string>& beside);

}  // namespace qat
