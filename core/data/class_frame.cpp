#include "data/class_frame.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace qat {

cv::Mat classFrame(const cv::Mat& image, int side) {
    cv::Mat fitted = image;
    const int shorter = std::min(image.rows, image.cols);
    if (std::max(image.rows, image.cols) > side) {
        const double factor = std::min(1.0, static_cast<double>(side) / shorter);
        const cv::Size size(std::max(1, static_cast<int>(std::lround(image.cols * factor))),
                            std::max(1, static_cast<int>(std::lround(image.rows * factor))));
        if (size != image.size()) cv::resize(image, fitted, size, 0, 0, cv::INTER_AREA);
    }
    const cv::Rect seen((std::max(fitted.cols, side) - side) / 2, (std::max(fitted.rows, side) - side) / 2,
                        std::min(fitted.cols, side), std::min(fitted.rows, side));
    if (seen.size() == cv::Size(side, side)) return fitted(seen);
    cv::Mat frame(side, side, CV_8UC3, cv::Scalar::all(0));
    fitted(seen).copyTo(frame(cv::Rect((side - seen.width) / 2, (side - seen.height) / 2, seen.width, seen.height)));
    return frame;
}

int cropPadding(const AugmentConfig& config, int side) {
    return config.cropPadding.value_or(side / 8);
}

cv::Mat classCrop(const cv::Mat& image, int side, const AugmentConfig& config, Random random) {
    const cv::Mat frame = classFrame(image, side);
    const int padding = cropPadding(config, side);
    const int left = static_cast<int>(random.below(2 * padding + 1)),
              top = static_cast<int>(random.below(2 * padding + 1));
    const bool mirrored = random.uniform() < config.fliplr;
    cv::Mat bordered;
    cv::copyMakeBorder(frame, bordered, padding, padding, padding, padding, cv::BORDER_CONSTANT, cv::Scalar::all(0));
    cv::Mat crop = bordered(cv::Rect(left, top, side, side)).clone();
    if (mirrored) cv::flip(crop, crop, 1);
    return crop;
}

}  // namespace qat
