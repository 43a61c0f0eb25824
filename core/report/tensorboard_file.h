// Scalars for TensorBoard: an event file of length-framed records with masked CRC-32C, each a protobuf `Event`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "base/files.h"

namespace qat {

// CRC-32C (Castagnoli): reflected polynomial 0x82F63B78, start and final value inverted.
uint32_t crc32c(std::span<const std::byte> bytes);

class TensorboardFile {
public:
    // A new file in the folder, which is made: one a sitting, since TensorBoard reads them in the order of their names.
    // Throws Error{Io}.
    explicit TensorboardFile(const std::filesystem::path& folder);

    // Written at once, so that a live run can be watched. False if it could not be (errno says why).
    bool scalar(std::string_view series, int64_t step, double value);

private:
    bool record(std::string_view event);
    FileToAppend m_file;
};

}  // namespace qat
