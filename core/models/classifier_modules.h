// Modules of classifiers, whose parts have the names of published state dicts: single layers as torch has them, stages
// of residual blocks, and the ends that make classes of a picture.
#pragma once

#include <span>

#include "models/modules.h"

namespace qat {

std::span<const ModuleRow> classifierModules();

}  // namespace qat
