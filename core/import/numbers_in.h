// Numbers out of pickled values, however they are packed.
#pragma once

#include <optional>
#include <vector>

#include "import/pickled_tensor.h"

namespace qat {

// The numbers of a number, a tensor, or a list or tuple of such, in order; nothing if there is anything else in it, or
// more than `most`. Throws Error{BadInput} for a tensor that is not sound.
std::optional<std::vector<double>> numbersIn(const PickleValue& value, StorageSource& storages, size_t most);

}  // namespace qat
