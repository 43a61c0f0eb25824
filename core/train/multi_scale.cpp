// Drawing and interpolating.
#include "train/multi_scale.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "ops/fixed_split.h"

namespace qat {
namespace {

constexpr uint64_t kSizeStream = 0x53495A45;

}  // namespace

at::Tensor resizeForMultiScale(const at::Tensor& images, const Config& config, int64_t stride, int64_t step) {
    if (config.train.multiScale <= 0) return images;
    const double cells = static_cast<double>(images.size(3)) / static_cast<double>(stride);
    const auto smallest = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(cells * (1 - config.train.multiScale))));
    const auto largest = std::max(smallest, static_cast<int64_t>(cells * (1 + config.train.multiScale)));
    Random random = Random::forItem(static_cast<uint64_t>(config.run.seed), kSizeStream, static_cast<uint64_t>(step));
    const int64_t size = stride * (smallest + random.below(largest - smallest + 1));
    if (size == images.size(3)) return images;
    return imageByImage(images, [&](const at::Tensor& image) {
        return at::upsample_bilinear2d(image, {size, size}, false);
    });
}

}  // namespace qat
