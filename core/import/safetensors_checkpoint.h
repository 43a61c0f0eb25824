// What a checkpoint says beside its tensors, in the metadata of a safetensors file: ours, and what others put there.
#pragma once

#include <map>
#include <string>

#include "import/checkpoint.h"
#include "import/safetensors.h"

namespace qat {

// Takes what is known out of the metadata; the rest stays in Checkpoint::metadata. Throws Error{BadInput} if metadata
// of ours is not as metadataOf wrote it.
Checkpoint checkpointOf(Safetensors stored);

// All that checkpointOf takes out again, and the checkpoint's own metadata.
std::map<std::string, std::string> metadataOf(const Checkpoint& checkpoint);

}  // namespace qat
