// The bytes of a picture, in memory or in a file, for readers that look at few of them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace qat {

// Of a file, blocks are read where they are looked at, so that a header costs the same whatever the size of the file.
// A file that becomes shorter meanwhile ends earlier. Belongs to one thread.
class PictureBytes {
public:
    explicit PictureBytes(std::span<const std::byte> memory)
        : m_block(reinterpret_cast<const char*>(memory.data()), memory.size()), m_size(memory.size()) {}
    // Throws Error{BadInput} for what is no regular file, Error{Io} naming the file and the system's reason.
    explicit PictureBytes(const fs::path& file);
    ~PictureBytes();
    PictureBytes(const PictureBytes&) = delete;
    PictureBytes& operator=(const PictureBytes&) = delete;

    size_t size() const { return m_size; }
    // Outside everything is zero, so that walks end by themselves.
    uint32_t byteAt(size_t offset) const {
        if (offset - m_start >= m_block.size() && !load(offset)) return 0;
        return static_cast<uint8_t>(m_block[offset - m_start]);
    }
    bool textAt(size_t offset, std::string_view text) const;
    // An unsigned number of 1 to 8 bytes.
    uint64_t number(size_t offset, int count, bool bigEndian) const;

private:
    bool load(size_t offset) const;

    int m_fd = -1;
    mutable std::vector<char> m_buffer;
    mutable std::string_view m_block;  // what lies in memory, and where it begins
    mutable size_t m_start = 0;
    size_t m_size = 0;
};

}  // namespace qat
