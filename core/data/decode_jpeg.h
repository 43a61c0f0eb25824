// JPEG through libjpeg itself, whose complaints then reach us instead of the terminal.
#pragma once

#include <cstddef>
#include <opencv2/core/mat.hpp>
#include <span>

#include "data/image_header.h"

namespace qat {

// What a decoder made of a file.
struct Decoded {
    cv::Mat image;         // BGR, uint8; empty: it cannot be decoded
    bool damaged = false;  // pixels are wrong or missing in a picture that was decoded all the same
    // It was not, to go after the file's name, where there is more to say than that it is damaged.
    const char* why = "";
};

// Where rows go, all zero before. Not of cv::Mat::zeros: the first of its expressions makes an object that all threads
// share, and OpenCV guards that with no lock that every reader takes.
inline cv::Mat blackPicture(int rows, int columns, int type) {
    return {rows, columns, type, cv::Scalar::all(0)};
}

// As stored, not yet turned upright; the pixels are those of cv::imdecode for whole files. A file without its end is
// decoded if all pixels are there.
Decoded decodeJpeg(std::span<const std::byte> file, const ImageHeader& header);

}  // namespace qat
