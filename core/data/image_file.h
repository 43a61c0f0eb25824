// Reading one picture file, distrustfully.
#pragma once

#include <opencv2/core/mat.hpp>

#include "base/files.h"

namespace qat {

// Whether the ending is one of the picture formats that data sets are searched for.
bool isImagePath(const fs::path& path);

// BGR, uint8, upright (the orientation tag is applied). Throws Error{BadInput} naming the file: missing, not a
// picture, cut short, without pixels, or above 2^27 pixels.
cv::Mat readImage(const fs::path& path);

// Width and height as readImage gives them, from the header where the format is known. Throws like readImage.
cv::Size readImageSize(const fs::path& path);

}  // namespace qat
