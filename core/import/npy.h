// NumPy's .npy files: one array of float32 numbers, read from elsewhere and written for others.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace qat {

// The array of a file of version 1, 2 or 3: little-endian float32 in C order, as many numbers as its shape says, of at
// most 8 dimensions. Takes no memory for what the bytes do not hold. Throws Error{BadInput} saying what is wrong with
// the bytes.
at::Tensor parseNpy(std::span<const std::byte> bytes);

// The same, naming the file. Throws Error{Io} if it cannot be opened.
at::Tensor readNpyFile(const std::filesystem::path& path);

// A file of version 1 in C order, float32: tensors of other types and layouts are turned into that.
std::string npyBytes(const at::Tensor& tensor);

}  // namespace qat
