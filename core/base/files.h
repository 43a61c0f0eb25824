// Reading whole files, and writing them so that a reader sees the old or the new content, never half of it. Only
// regular files are read: opening a pipe, a device or a socket neither waits nor does anything else to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qat {

namespace fs = std::filesystem;

// Whole file as bytes; what a writer appends meanwhile is left out. Throws Error{Io} naming the path and the system's
// reason, or that the file got shorter while it was read; Error{BadInput} if it is no regular file or has more than
// `most` bytes.
std::string readFile(const fs::path& path, uintmax_t most = UINTMAX_MAX);

// Hands all bytes to `take`, a piece at a time, so that files of any size can be hashed. Throws as readFile.
void readFilePieces(const fs::path& path, const std::function<void(std::span<const std::byte>)>& take);

// Writes beside the target under a name nobody can foresee, flushes file and folder to the disk, renames over the
// target. A link there stays, and what it leads to is written, unless it belongs to neither this user nor the
// superuser. Mode 0644 less the umask. Throws Error{Io} naming the path and the reason (disk full, not writable, a
// folder, pipe or device stands there, another user's link); the old file is then untouched.
void writeFileAtomic(const fs::path& target, std::string_view bytes);

// Opens a file to append to it, made with mode 0644 less the umask. Links are not followed. Throws Error{Io}, and
// Error{BadInput} if it is no regular file, has other names too, or belongs to neither this user nor the folder's
// owner.
struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using FileToAppend = std::unique_ptr<std::FILE, CloseFile>;
FileToAppend openToAppend(const fs::path& path);

// Whether the name is that of a file which writeFileAtomic() has not finished, or never will.
bool isHalfWritten(const fs::path& path);

// Removes what writers that were killed left beside their targets, anywhere below the folder. Only for who knows that
// nobody writes there.
void removeHalfWritten(const fs::path& folder);

// Makes the folder and its parents, with mode 0755 less the umask, and proves that it can be written to. Throws
// Error{Io}.
void makeWritableFolder(const fs::path& folder);

// The bytes of a file as they are now, as long as the object lives: a copy in memory, so that nobody can change them or
// take them away under a reader. Files beyond kMapped are mapped instead, since memory for a second copy may be
// missing: whoever shortens one meanwhile ends the program. Throws as readFile, also Error{Io} if the file changed
// while it was copied.
class FileBytes {
public:
    static constexpr size_t kMapped = size_t{1} << 30;

    explicit FileBytes(const fs::path& path);
    ~FileBytes();
    FileBytes(const FileBytes&) = delete;
    FileBytes& operator=(const FileBytes&) = delete;
    std::span<const std::byte> bytes() const { return {m_data, m_size}; }
    // Gives the memory of a part that nobody reads any more back to the system, as far as it is whole pages.
    static void release(std::span<const std::byte> part);

private:
    const std::byte* m_data = nullptr;  // a memory map: of the file, or of nothing and filled
    size_t m_size = 0;
};

}  // namespace qat
