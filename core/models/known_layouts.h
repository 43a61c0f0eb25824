// The tables of layers of the known detector families.
#pragma once

#include <string_view>

#include "config/architectures.h"
#include "models/layout.h"

namespace qat {

// Of a member of a family, with 80 classes. Throws Error{BadInput} naming the variants for one that there is not.
Layout knownLayout(const Architecture& family, std::string_view variant);

}  // namespace qat
