// Sides of pictures that a network can be given.
#pragma once

#include <string_view>

#include "graph/graph.h"

namespace qat {

// What a side must be a multiple of: the stride of the network's coarsest map, at least 32 (config/image_size.h), and
// where attention cuts a map into areas, so much that every map of such sides can be cut.
int sideStep(const Graph& graph);

// The side that commands take where nobody says one, in pixels: 640, of a classifier that of the pictures it is made
// for.
int usualImageSize(const Graph& graph);

// Throws Error{BadInput} naming the key or option that holds the side, in pixels, where it is no such multiple, or not
// the one side that a network whose last layers read all of a map can take.
void requireImageSize(const Graph& graph, int side, std::string_view key);

}  // namespace qat
