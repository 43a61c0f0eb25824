// Format, size and wholeness of a picture file, told from its headers without decoding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "data/picture_bytes.h"

namespace qat {

enum class ImageFormat { Jpeg, Png, Bmp, Webp, Tiff, Pfm };

struct ImageHeader {
    ImageFormat format{};
    int64_t width = 0, height = 0;  // upright: after the orientation tag was applied
    bool complete = true;           // false: the end is missing; of JPEG, it is not within the last 64 kB
    int orientation = 1;            // 1 to 8 as EXIF has it: how stored rows are to be turned
    bool floating = false;          // samples are floating-point numbers
    int64_t room = 0;  // pixels that decoding makes room for at once, where these are more than the picture's
};

// Reads headers of the formats in ImageFormat; nothing for other formats and for headers that make no sense.
std::optional<ImageHeader> readImageHeader(const PictureBytes& file);

// What a file is that is no picture of these formats, for a sentence: "a GIF picture", "a web page"; empty if unknown.
std::string foreignFormat(const PictureBytes& file);

}  // namespace qat
