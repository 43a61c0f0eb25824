// The tables of layers of the known classifiers.
#pragma once

#include <string_view>

#include "config/architectures.h"
#include "models/layout.h"

namespace qat {

// Of a member that is a classifier but for those that share the rows of a detector (YOLO's -cls). side: of its
// pictures, pixels; 0: the usual one. Networks for small pictures (kSmallPicture) halve them later, and VGG's has norms
// and one linear layer.
Layout classifierLayout(const Architecture& family, std::string_view variant, int64_t side);

}  // namespace qat
