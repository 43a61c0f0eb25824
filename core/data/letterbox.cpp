// Letterbox arithmetic in double, as the public tools do it, so that sizes and pads agree to the pixel.
#include "data/letterbox.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "base/error.h"

namespace qat {
namespace {

const cv::Scalar kPadding(114, 114, 114);

int roundHalfEven(double value) {
    return static_cast<int>(std::nearbyint(value));
}

cv::Size longSideSize(cv::Size size, int imgsz) {
    const double ratio = imgsz / static_cast<double>(std::max(size.width, size.height));
    if (ratio == 1) return size;
    return {std::min(static_cast<int>(std::ceil(size.width * ratio)), imgsz),
            std::min(static_cast<int>(std::ceil(size.height * ratio)), imgsz)};
}

cv::Mat resized(const cv::Mat& image, cv::Size size) {
    if (image.size() == size) return image;
    cv::Mat result;
    cv::resize(image, result, size, 0, 0, cv::INTER_LINEAR);
    return result;
}

}  // namespace

LetterboxGeometry letterboxGeometry(cv::Size original, cv::Size target, LetterboxMode mode, int imgsz) {
    ensure(original.width > 0 && original.height > 0 && target.width > 0 && target.height > 0, "sizes are positive");
    LetterboxGeometry geometry{original, target, {}, 1, 0, 0, 0, 0};
    if (mode == LetterboxMode::Predict) {
        const double ratio = std::min(target.height / static_cast<double>(original.height),
                                      target.width / static_cast<double>(original.width));
        // A very long picture would otherwise lose its short side altogether.
        geometry.resized = {std::max(1, roundHalfEven(original.width * ratio)),
                            std::max(1, roundHalfEven(original.height * ratio))};
        geometry.ratio = static_cast<float>(ratio);
    } else {
        geometry.resized = longSideSize(original, imgsz > 0 ? imgsz : std::max(target.width, target.height));
        geometry.ratio = static_cast<float>(geometry.resized.height / static_cast<double>(original.height));
    }
    require(geometry.resized.width <= target.width && geometry.resized.height <= target.height, ErrorKind::BadInput,
            "a picture of ", original.width, " x ", original.height, " does not fit the input of ", target.width, " x ",
            target.height);
    const double spareX = (target.width - geometry.resized.width) / 2.0;
    const double spareY = (target.height - geometry.resized.height) / 2.0;
    geometry.padLeft = roundHalfEven(spareX - 0.1);
    geometry.padTop = roundHalfEven(spareY - 0.1);
    const bool exact = mode == LetterboxMode::Predict;
    geometry.shiftX = exact ? static_cast<float>(geometry.padLeft) : static_cast<float>(spareX);
    geometry.shiftY = exact ? static_cast<float>(geometry.padTop) : static_cast<float>(spareY);
    return geometry;
}

Letterbox letterbox(const cv::Mat& image, cv::Size target, LetterboxMode mode, int imgsz) {
    Letterbox box{letterboxGeometry(image.size(), target, mode, imgsz), {}};
    const cv::Mat small = resized(image, box.geometry.resized);
    const int left = box.geometry.padLeft, top = box.geometry.padTop;
    const int right = target.width - small.cols - left, bottom = target.height - small.rows - top;
    cv::copyMakeBorder(small, box.image, top, bottom, left, right, cv::BORDER_CONSTANT | cv::BORDER_ISOLATED, kPadding);
    return box;
}

cv::Mat resizeLongSide(const cv::Mat& image, int imgsz) {
    return resized(image, longSideSize(image.size(), imgsz));
}

ObjectLabel toInput(const ObjectLabel& label, const LetterboxGeometry& geometry) {
    const auto width = static_cast<float>(geometry.target.width), height = static_cast<float>(geometry.target.height);
    const auto w = static_cast<float>(geometry.resized.width), h = static_cast<float>(geometry.resized.height);
    return {label.classIndex, (label.x * w + geometry.shiftX) / width, (label.y * h + geometry.shiftY) / height,
            label.w * w / width, label.h * h / height};
}

Box toOriginal(const Box& box, float ratio, float padLeft, float padTop, cv::Size original) {
    const auto width = static_cast<float>(original.width), height = static_cast<float>(original.height);
    return {std::clamp((box[0] - padLeft) / ratio, 0.0f, width), std::clamp((box[1] - padTop) / ratio, 0.0f, height),
            std::clamp((box[2] - padLeft) / ratio, 0.0f, width), std::clamp((box[3] - padTop) / ratio, 0.0f, height)};
}

Box toOriginal(const Box& box, const LetterboxGeometry& geometry) {
    return toOriginal(box, geometry.ratio, static_cast<float>(geometry.padLeft), static_cast<float>(geometry.padTop),
                      geometry.original);
}

}  // namespace qat
