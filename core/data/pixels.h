// From picture bytes to the numbers a network reads.
#pragma once

#include <opencv2/core/mat.hpp>

namespace qat {

// Writes BGR bytes as RGB value / 255 (rounded once, as a float division does), rows after one another, three channels
// per pixel: the memory of one picture in a channels-last tensor. output has rows * columns * 3 places.
void writeNetworkInput(const cv::Mat& bgr, float* output);

}  // namespace qat
