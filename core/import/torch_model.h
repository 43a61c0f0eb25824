// From the object that a PyTorch file holds to a checkpoint: which part is the model, its tensors, its attributes.
#pragma once

#include <cstddef>

#include "import/checkpoint.h"
#include "import/pickled_tensor.h"

namespace qat {

// `root` is a module, a state dict, or a dict that holds one of them under ema, model_ema, ema_state_dict, model,
// state_dict, model_state_dict, net or weights; the first of these that is there counts. `fileBytes` bounds the memory
// that tensors may take; `done` is told of storages whose tensors are all made. Throws Error{BadInput}.
Checkpoint buildCheckpoint(const PickleValue& root, StorageSource& storages, size_t fileBytes, const BytesDone& done);

}  // namespace qat
