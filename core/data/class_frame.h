// Pictures of one class in the network's square: fitted for measuring, cropped and mirrored by chance for training.
#pragma once

#include <opencv2/core/mat.hpp>

#include "base/random.h"
#include "config/job_config.h"

namespace qat {

// A picture up to side x side in the middle of black; a larger one scaled down until its short side fits, and the
// middle of it. BGR, uint8.
cv::Mat classFrame(const cv::Mat& image, int side);

// How far crops reach beyond the frame: augment.crop_padding, or an eighth of the side.
int cropPadding(const AugmentConfig& config, int side);

// The frame with a black border of cropPadding(), a square of it at a random place, mirrored with probability fliplr.
// Nothing else of the configuration applies.
cv::Mat classCrop(const cv::Mat& image, int side, const AugmentConfig& config, Random random);

}  // namespace qat
