// Boxes that are turned around their centre.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace qat {

struct RotatedBoxes {
    ValueId rotated;  // [N, 4, A]: centre x, y, width, height in input pixels before the turn
    ValueId hulls;    // [N, 4, A]: the upright boxes around the turned ones, likewise
};

// distances: to left, top, right and bottom [N, 4, A] in grid units, in the turned box's own directions; angles
// [N, 1, A] in radians. For raw maps of these shapes.
RotatedBoxes decodeRotated(Graph& graph, const std::string& name, ValueId distances, ValueId angles,
                           const std::vector<ValueId>& maps);

}  // namespace qat
