// The anchors of detectors that have any, in pixels.
#pragma once

#include <vector>

#include "import/stored_module.h"

namespace qat {

// Width, height of each anchor in input pixels, levels in order: of a module with `na` anchors a level, kept in units
// of the grid, and its strides. Empty if there is no such module.
std::vector<double> pixelAnchors(const std::vector<StoredModule>& modules);

}  // namespace qat
