// Tar archives, as PyTorch wrote them before 0.2: entries are views into the file.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace qat {

struct TarEntry {
    std::string_view name;
    std::span<const std::byte> bytes;
};

// Whether the first header is one of a POSIX or GNU tar archive.
bool isTar(std::span<const std::byte> file);

// The regular files in the archive, in its order; names and bytes point into `file`. Extended headers are passed over.
// Throws Error{BadInput} if a header is damaged, an entry reaches past the end, or there are more than 10000 entries.
std::vector<TarEntry> readTar(std::span<const std::byte> file);

}  // namespace qat
