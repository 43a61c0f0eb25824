// SHA-256 (FIPS 180-4), to tell whether files, tensors and pictures are the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace qat {

// Feed bytes in any number of pieces, then ask once for the digest.
class Sha256 {
public:
    void update(std::span<const std::byte> bytes);
    // The digest as 64 lower-case hexadecimal digits; the object must not be used afterwards.
    std::string hex();

private:
    void processBlock(const std::byte* block);

    std::array<uint32_t, 8> m_state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<std::byte, 64> m_block{};
    size_t m_filled = 0;  // bytes of m_block in use
    uint64_t m_length = 0;
};

// Digest of one piece of memory.
std::string sha256Hex(std::span<const std::byte> bytes);

// Digest of a file of any size, a piece in memory at a time. Throws as readFile of base/files.h.
std::string fileSha256(const std::filesystem::path& path);

}  // namespace qat
