// Size and wholeness of a picture file, told from its headers without decoding.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace qat {

struct ImageHeader {
    int width = 0, height = 0;  // upright: after the orientation tag was applied
    bool complete = true;       // false: the end of the file is missing
};

// Reads JPEG, PNG, BMP and WebP headers; nothing for other formats and for headers that make no sense.
std::optional<ImageHeader> readImageHeader(std::span<const std::byte> file);

}  // namespace qat
