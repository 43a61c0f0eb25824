// Reading whole files, and writing them so that a reader sees the old or the new content, never half of it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qat {

namespace fs = std::filesystem;

// Whole file as bytes. Throws Error{Io} naming the path and the system's reason.
std::string readFile(const fs::path& path);

// Writes beside the target, flushes to the disk, renames over it. Throws Error{Io} naming the path and the reason
// (disk full, not writable); the old file is then untouched.
void writeFileAtomic(const fs::path& path, std::string_view bytes);

// Whether the name is that of a file which writeFileAtomic() has not finished, or never will.
bool isHalfWritten(const fs::path& path);

// Removes what writers that were killed left beside their targets, anywhere below the folder.
void removeHalfWritten(const fs::path& folder);

// Makes the folder and its parents, and proves that it can be written to. Throws Error{Io}.
void makeWritableFolder(const fs::path& folder);

// A read-only memory map of a file; bytes() lives as long as the object. Throws Error{Io}.
class MappedFile {
public:
    explicit MappedFile(const fs::path& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    std::span<const std::byte> bytes() const { return {m_data, m_size}; }

private:
    const std::byte* m_data = nullptr;
    size_t m_size = 0;
};

}  // namespace qat
