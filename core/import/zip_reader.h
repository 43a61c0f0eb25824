// Zip archives whose entries are stored uncompressed, as PyTorch writes them: entries are views into the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace qat {

struct ZipEntry {
    std::string_view name;
    std::span<const std::byte> bytes;
    uint32_t crc = 0;  // of the bytes; 0 where the writer left it out
};

// Entry names and bytes point into `file`, which must outlive the reader. Compressed texts of programs, in the
// folder `code` as TorchScript has them, are left out. The constructor throws Error{BadInput}
// on anything that is not a whole, plain archive of stored entries below 4 GiB.
class ZipReader {
public:
    explicit ZipReader(std::span<const std::byte> file);

    // In the order of the central directory.
    const std::vector<ZipEntry>& entries() const { return m_entries; }
    const ZipEntry* find(std::string_view name) const;

private:
    std::vector<ZipEntry> m_entries;
    std::unordered_map<std::string_view, size_t> m_byName;
};

// Throws Error{BadInput} naming the entry if its bytes do not have the recorded checksum.
void verifyChecksum(const ZipEntry& entry);

}  // namespace qat
