// Told by a parser of parts of a file that it does not read again: the tensors made of them take their place in memory.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

namespace qat {

using BytesDone = std::function<void(std::span<const std::byte>)>;

inline void keepBytes(std::span<const std::byte>) {}

}  // namespace qat
