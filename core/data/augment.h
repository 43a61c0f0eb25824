// Random changes to training pictures: mosaic of four, scaling and shifting, colour, mirroring; labels follow.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/random.h"
#include "config/config.h"
#include "data/dataset.h"

namespace qat {

// A box in pixels of a picture under construction.
struct PixelLabel {
    int32_t classIndex = 0;
    float x1 = 0, y1 = 0, x2 = 0, y2 = 0;
};

struct Canvas {
    cv::Mat image;  // BGR, uint8
    std::vector<PixelLabel> labels;
};

// Four pictures (long side imgsz at most) around a random point of a square of twice imgsz: top left, top right, bottom
// left, bottom right, each cut where it leaves its quarter or the canvas. Boxes are clipped, empty ones dropped.
Canvas mosaic(const std::array<Sample, 4>& samples, int imgsz, Random& random);

// Scales about the centre by 1 +- config.scale and moves it to within config.translate of the middle of an
// imgsz x imgsz picture. Keeps boxes of which more than a tenth, and more than two pixels each way, stays inside.
Canvas warp(const Canvas& canvas, int imgsz, const AugmentConfig& config, Random& random);

// Hue (circular), saturation and value, each multiplied by 1 +- its gain.
void jitterColour(cv::Mat& image, const AugmentConfig& config, Random& random);

void flipLeftRight(Canvas& canvas);

// How a picture is fetched: long side imgsz already.
using SampleSource = std::function<Sample(int64_t index)>;

// The whole chain for picture `index`: an imgsz x imgsz picture and labels as shares of it. The three other pictures of
// a mosaic are drawn from `partners` (may repeat, must not be empty); mosaicAllowed false switches the mosaic off.
Sample augmentSample(int64_t index, std::span<const int64_t> partners, const SampleSource& source, int imgsz,
                     const AugmentConfig& config, bool mosaicAllowed, Random random);

}  // namespace qat
