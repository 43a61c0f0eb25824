// Augmentation as the public YOLO training does it, one function per transform.
#include "data/augment.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "data/letterbox.h"

namespace qat {
namespace {

const cv::Scalar kGreyCanvas(114, 114, 114);

PixelLabel inPixels(const ObjectLabel& label, float width, float height, float left, float top) {
    return {label.classIndex, (label.x - label.w / 2) * width + left, (label.y - label.h / 2) * height + top,
            (label.x + label.w / 2) * width + left, (label.y + label.h / 2) * height + top};
}

ObjectLabel asShare(const PixelLabel& label, float side) {
    return {label.classIndex, (label.x1 + label.x2) / 2 / side, (label.y1 + label.y2) / 2 / side,
            (label.x2 - label.x1) / side, (label.y2 - label.y1) / side};
}

PixelLabel clipped(PixelLabel label, float side) {
    label.x1 = std::clamp(label.x1, 0.0f, side), label.x2 = std::clamp(label.x2, 0.0f, side);
    label.y1 = std::clamp(label.y1, 0.0f, side), label.y2 = std::clamp(label.y2, 0.0f, side);
    return label;
}

// Whether enough is left of a box (already scaled, not yet clipped: before) to learn from.
bool worthKeeping(const PixelLabel& before, const PixelLabel& after) {
    const float w = after.x2 - after.x1, h = after.y2 - after.y1;
    if (!(w > 2 && h > 2)) return false;
    const float area = (before.x2 - before.x1) * (before.y2 - before.y1);
    return w * h / (area + 1e-16f) > 0.1f && std::max(w / (h + 1e-16f), h / (w + 1e-16f)) < 100;
}

// Without a mosaic: the picture in the middle of an imgsz square.
Canvas framed(const Sample& sample, int imgsz) {
    Letterbox box = letterbox(sample.image, {imgsz, imgsz}, LetterboxMode::Predict);
    Canvas canvas{std::move(box.image), {}};
    const auto& geometry = box.geometry;
    for (const auto& label : sample.labels)
        canvas.labels.push_back(inPixels(label, static_cast<float>(geometry.resized.width),
                                         static_cast<float>(geometry.resized.height), geometry.shiftX,
                                         geometry.shiftY));
    return canvas;
}

}  // namespace

Canvas mosaic(const std::array<Sample, 4>& samples, int imgsz, Random& random) {
    const int side = 2 * imgsz;
    const int centreY = static_cast<int>(random.uniform(imgsz / 2.0, imgsz * 1.5));
    const int centreX = static_cast<int>(random.uniform(imgsz / 2.0, imgsz * 1.5));
    Canvas canvas{cv::Mat(side, side, CV_8UC3, kGreyCanvas), {}};
    for (size_t i = 0; i < samples.size(); ++i) {
        const cv::Mat& image = samples[i].image;
        const int left = i % 2 == 0 ? centreX - image.cols : centreX;
        const int top = i < 2 ? centreY - image.rows : centreY;
        const cv::Rect visible = cv::Rect(left, top, image.cols, image.rows) & cv::Rect(0, 0, side, side);
        if (visible.empty()) continue;
        image(visible - cv::Point(left, top)).copyTo(canvas.image(visible));
        for (const auto& label : samples[i].labels) {
            const auto box = clipped(inPixels(label, static_cast<float>(image.cols), static_cast<float>(image.rows),
                                              static_cast<float>(left), static_cast<float>(top)),
                                     static_cast<float>(side));
            if (box.x2 > box.x1 && box.y2 > box.y1) canvas.labels.push_back(box);
        }
    }
    return canvas;
}

Canvas warp(const Canvas& canvas, int imgsz, const AugmentConfig& config, Random& random) {
    const double gain = random.uniform(1 - config.scale, 1 + config.scale);
    const double middleX = random.uniform(0.5 - config.translate, 0.5 + config.translate) * imgsz;
    const double middleY = random.uniform(0.5 - config.translate, 0.5 + config.translate) * imgsz;
    const double shiftX = middleX - gain * canvas.image.cols / 2.0, shiftY = middleY - gain * canvas.image.rows / 2.0;
    const cv::Matx23d matrix(gain, 0, shiftX, 0, gain, shiftY);
    Canvas result;
    if (canvas.image.cols == imgsz && canvas.image.rows == imgsz && gain == 1 && shiftX == 0 && shiftY == 0) {
        result.image = canvas.image;
    } else {
        cv::warpAffine(canvas.image, result.image, matrix, {imgsz, imgsz}, cv::INTER_LINEAR, cv::BORDER_CONSTANT,
                       kGreyCanvas);
    }
    const auto g = static_cast<float>(gain), dx = static_cast<float>(shiftX), dy = static_cast<float>(shiftY);
    for (const auto& label : canvas.labels) {
        const PixelLabel moved{label.classIndex, label.x1 * g + dx, label.y1 * g + dy, label.x2 * g + dx,
                               label.y2 * g + dy};
        const PixelLabel inside = clipped(moved, static_cast<float>(imgsz));
        if (worthKeeping(moved, inside)) result.labels.push_back(inside);
    }
    return result;
}

void jitterColour(cv::Mat& image, const AugmentConfig& config, Random& random) {
    if (config.hsvH == 0 && config.hsvS == 0 && config.hsvV == 0) return;
    const std::array<double, 3> factors{1 + random.uniform(-1, 1) * config.hsvH,
                                        1 + random.uniform(-1, 1) * config.hsvS,
                                        1 + random.uniform(-1, 1) * config.hsvV};
    cv::Mat3b table(1, 256);
    for (int x = 0; x < 256; ++x) {
        // OpenCV keeps hue in half degrees, 0..179.
        table(0, x)[0] = static_cast<uint8_t>(std::fmod(x * factors[0], 180));
        for (int c = 1; c < 3; ++c)
            table(0, x)[c] = static_cast<uint8_t>(std::clamp(x * factors[static_cast<size_t>(c)], 0.0, 255.0));
    }
    cv::Mat hsv;
    cv::cvtColor(image, hsv, cv::COLOR_BGR2HSV);
    cv::LUT(hsv, table, hsv);
    cv::cvtColor(hsv, image, cv::COLOR_HSV2BGR);
}

void flipLeftRight(Canvas& canvas) {
    cv::flip(canvas.image, canvas.image, 1);
    const auto width = static_cast<float>(canvas.image.cols);
    for (auto& label : canvas.labels) {
        const float left = width - label.x2;
        label.x2 = width - label.x1;
        label.x1 = left;
    }
}

Sample augmentSample(int64_t index, std::span<const int64_t> partners, const SampleSource& source, int imgsz,
                     const AugmentConfig& config, bool mosaicAllowed, Random random) {
    ensure(!partners.empty(), "partners for a mosaic");
    std::array<Sample, 4> samples{source(index)};
    Sample result{samples[0].path, {}, {}, false, samples[0].pictureClass};
    Canvas canvas;
    if (random.uniform() < config.mosaic && mosaicAllowed) {
        for (size_t i = 1; i < samples.size(); ++i)
            samples[i] = source(partners[static_cast<size_t>(random.below(static_cast<int64_t>(partners.size())))]);
        canvas = mosaic(samples, imgsz, random);
    } else {
        canvas = framed(samples[0], imgsz);
    }
    canvas = warp(canvas, imgsz, config, random);
    jitterColour(canvas.image, config, random);
    if (random.uniform() < config.fliplr) flipLeftRight(canvas);

    result.image = canvas.image;
    for (const auto& label : canvas.labels) result.labels.push_back(asShare(label, static_cast<float>(imgsz)));
    return result;
}

}  // namespace qat
