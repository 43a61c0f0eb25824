// The tables of layers of the known families.
#pragma once

#include <string_view>

#include "config/architectures.h"
#include "models/layout.h"

namespace qat {

// Of a member of a family, with as many classes as it is published with. side: of the pictures in pixels, by which
// classifiers differ (models/classifier_layouts.h); 0: the usual one. Throws Error{BadInput} naming the variants for
// one that there is not.
Layout knownLayout(const Architecture& family, std::string_view variant, int64_t side = 0);

}  // namespace qat
