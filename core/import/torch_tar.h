// The checkpoint container of PyTorch before 0.2.
#pragma once

#include <cstddef>
#include <span>

#include "import/checkpoint.h"

namespace qat {

// A tar archive with `pickle`, `storages`, `tensors` and `sys_info`. Throws Error{BadInput} without the file's name;
// names are as stored.
Checkpoint readTorchTar(std::span<const std::byte> file, const BytesDone& done = keepBytes);

}  // namespace qat
