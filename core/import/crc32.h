// The checksum of zip entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace qat {

// CRC-32 as in ISO 3309: reflected polynomial 0xEDB88320, start and final value inverted.
uint32_t crc32(std::span<const std::byte> bytes);

}  // namespace qat
