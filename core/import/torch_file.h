// PyTorch's two checkpoint containers, and what of their contents makes a model.
#pragma once

#include <cstddef>
#include <span>

#include "import/checkpoint.h"

namespace qat {

// Whether the bytes begin like the format of PyTorch before 1.6: five pickles and raw storages.
bool isLegacyTorchFile(std::span<const std::byte> file);

// Both throw Error{BadInput} without the file's name. Names are as stored: prefixes are not removed.
Checkpoint readTorchZip(std::span<const std::byte> file, const BytesDone& done = keepBytes);
Checkpoint readLegacyTorchFile(std::span<const std::byte> file, const BytesDone& done = keepBytes);

}  // namespace qat
