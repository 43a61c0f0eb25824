// Fitting pictures of any shape into the network's input, and the way back for boxes.
#pragma once

#include <opencv2/core/mat.hpp>

#include "base/detection.h"
#include "data/dataset.h"

namespace qat {

// Predict: one scaling so that the picture just fits, sides rounded half to even, small pictures grow.
// Validate: the rule of the public validator: the long side becomes imgsz, the other is rounded up, the rest is
// padding.
enum class LetterboxMode { Predict, Validate };

struct LetterboxGeometry {
    cv::Size original, target, resized;
    float ratio = 1;               // input pixels per pixel of the original
    int padLeft = 0, padTop = 0;   // input pixels before the picture
    float shiftX = 0, shiftY = 0;  // what labels are moved by: the pads, but unrounded in Validate, as the public tool
};

struct Letterbox {
    LetterboxGeometry geometry;
    cv::Mat image;  // of the target size, padded with 114
};

// target is the network's input; imgsz is the long side in Validate mode (0: the longer side of target) and may be
// smaller than target, as in rectangular batches. Throws Error{BadInput} if the scaled picture exceeds the target.
LetterboxGeometry letterboxGeometry(cv::Size original, cv::Size target, LetterboxMode mode, int imgsz = 0);

// image is BGR uint8. Bilinear, border 114.
Letterbox letterbox(const cv::Mat& image, cv::Size target, LetterboxMode mode, int imgsz = 0);

// The long side becomes imgsz, the other is rounded up; returns the picture itself if it has that size already.
cv::Mat resizeLongSide(const cv::Mat& image, int imgsz);

// The label as shares of the target instead of the original.
ObjectLabel toInput(const ObjectLabel& label, const LetterboxGeometry& geometry);

// From input pixels to pixels of the original, clipped to it.
Box toOriginal(const Box& box, float ratio, float padLeft, float padTop, cv::Size original);
Box toOriginal(const Box& box, const LetterboxGeometry& geometry);

}  // namespace qat
