// The first directory of a TIFF file: sizes, where the pixels lie, the orientation that EXIF keeps in the same form.
#pragma once

#include <optional>

#include "data/image_header.h"

namespace qat {

// Classic and big TIFF; a directory without a size gives 0 x 0. Nothing for other files.
std::optional<ImageHeader> readTiffHeader(const PictureBytes& file);

// The orientation tag, 1 to 8, of a TIFF block that begins at `start`; 1 without one.
uint64_t tiffOrientation(const PictureBytes& file, size_t start);

// Whether this orientation makes width and height change places.
inline bool isTransposed(uint64_t orientation) {
    return orientation >= 5 && orientation <= 8;
}

}  // namespace qat
