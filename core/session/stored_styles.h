// What the modules of a stored network say about themselves, for the builder.
#pragma once

#include "import/checkpoint.h"
#include "models/module_builder.h"

namespace qat {

// Activations and the numbers of batch norms, which tables of layers leave open. Empty of files with weights only.
// Throws Error{BadInput} naming the module with an activation that is not known.
ConvStyles stylesIn(const Checkpoint& checkpoint);

}  // namespace qat
