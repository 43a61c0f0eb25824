// BMP, WebP, TIFF and PFM through OpenCV, which is kept from talking meanwhile.
#pragma once

#include "data/decode_jpeg.h"

namespace qat {

// Already turned upright. The header must have been checked: OpenCV trusts it. Samples that are not finite make the
// picture undecodable, as they have no meaning.
Decoded decodeOther(std::span<const std::byte> file, const ImageHeader& header);

}  // namespace qat
