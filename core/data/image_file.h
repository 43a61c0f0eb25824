// Reading one picture file, distrustfully.
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>

#include "base/files.h"

namespace qat {

// Whether the ending is one of the picture formats that data sets are searched for.
bool isImagePath(const fs::path& path);

// What headers, the end of the file and its size say without decoding: one sentence that names the file, or nothing if
// all is well. A JPEG file without an end marker is decoded: many cameras leave it out, and then nothing is missing.
std::string pictureProblem(const fs::path& path);

// image is empty where the file cannot be decoded. problem is one sentence that names the file; beside a picture it
// says that the file is damaged and a part of the picture is not what it was.
struct PictureReading {
    cv::Mat image;  // BGR, uint8, upright (the orientation tag is applied)
    std::string problem;
};

// Never writes on standard error. Throws Error{BadInput} where there is no file that can be read.
PictureReading readPicture(const fs::path& path);

// The picture alone. Throws Error{BadInput} naming the file: missing, not a picture, cut short, without pixels, or
// above 2^27 pixels.
cv::Mat readImage(const fs::path& path);

// Width and height as readImage gives them, from the header. Throws like readImage.
cv::Size readImageSize(const fs::path& path);

}  // namespace qat
