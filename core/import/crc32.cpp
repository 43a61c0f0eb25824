// CRC-32 with sixteen tables, so that sixteen bytes are folded in at once: weights are checked at memory speed.
#include "import/crc32.h"

#include <array>
#include <cstring>

namespace qat {
namespace {

constexpr size_t kSlices = 16;
using Tables = std::array<std::array<uint32_t, 256>, kSlices>;

constexpr Tables makeTables() {
    Tables tables{};
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0xEDB88320u : 0);
        tables[0][i] = value;
    }
    // Table k holds the effect of a byte that is followed by k zero bytes.
    for (size_t slice = 1; slice < kSlices; ++slice)
        for (size_t i = 0; i < 256; ++i) {
            const uint32_t previous = tables[slice - 1][i];
            tables[slice][i] = (previous >> 8) ^ tables[0][previous & 0xff];
        }
    return tables;
}

constexpr Tables kTables = makeTables();

}  // namespace

uint32_t crc32(std::span<const std::byte> bytes) {
    uint32_t crc = 0xffffffffu;
    while (bytes.size() >= kSlices) {
        std::array<uint8_t, kSlices> block;
        std::memcpy(block.data(), bytes.data(), kSlices);
        for (size_t i = 0; i < 4; ++i) block[i] ^= static_cast<uint8_t>(crc >> (8 * i));
        crc = 0;
        for (size_t i = 0; i < kSlices; ++i) crc ^= kTables[kSlices - 1 - i][block[i]];
        bytes = bytes.subspan(kSlices);
    }
    for (const std::byte byte : bytes) crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<uint32_t>(byte)) & 0xff];
    return ~crc;
}

}  // namespace qat
