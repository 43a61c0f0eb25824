// Finds the ranges of quantizers in what ModelOpt and its like leave in checkpoints.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "import/calibrated_range.h"
#include "import/pickled_tensor.h"

namespace qat {

// The quantizer whose range a tensor of this name is: of model.0.conv.input_quantizer._amax module and place.
std::optional<CalibratedRange> rangeNamed(std::string_view name);

// The ranges in nested dictionaries, by the names of quantizers. Numbers that are negative or not finite are no ranges.
// Throws Error{BadInput} for tensors that are not sound, and if there is more than a million numbers.
std::vector<CalibratedRange> readRanges(const PickleValue& value, StorageSource& storages);

}  // namespace qat
