// Sides of pictures that a network can be given.
#pragma once

#include <string_view>

#include "graph/graph.h"

namespace qat {

// What a side must be a multiple of: the stride of the network's coarsest map, at least 32 (config/image_size.h), and
// where attention cuts a map into areas, so much that every map of such sides can be cut.
int sideStep(const Graph& graph);

// Throws Error{BadInput} naming the key or option that holds the side, in pixels, where it is no such multiple.
void requireImageSize(const Graph& graph, int side, std::string_view key);

}  // namespace qat
