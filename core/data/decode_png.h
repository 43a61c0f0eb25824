// PNG through libpng itself, whose complaints then reach us instead of the terminal.
#pragma once

#include "data/decode_jpeg.h"

namespace qat {

// As stored, not yet turned upright; the pixels are those of cv::imdecode for whole files. A file without its end is
// decoded if all pixels are there.
Decoded decodePng(std::span<const std::byte> file, const ImageHeader& header);

}  // namespace qat
