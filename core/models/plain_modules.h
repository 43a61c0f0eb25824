// Modules whose channels follow from what they read.
#pragma once

#include "models/modules.h"

namespace qat {

Maps maxPool(const ModuleCall& call);
Maps zeroPad(const ModuleCall& call);  // sides: left, right, top, bottom
Maps upsample(const ModuleCall& call);
Maps identity(const ModuleCall& call);
Maps concat(const ModuleCall& call);
Maps cbLinear(const ModuleCall& call);
// The sum of chosen maps, enlarged to the last source.
Maps cbFuse(const ModuleCall& call);

}  // namespace qat
