// Batches in changing sizes.
#pragma once

#include <ATen/core/Tensor.h>

#include "config/config.h"

namespace qat {

// The images [N,3,S,S] in a size drawn for the step from the multiples of `stride` within S (1 +-
// train_params.multi_scale), by bilinear interpolation; as they are without multi_scale. Boxes are shares of the image
// and stay as they are.
at::Tensor resizeForMultiScale(const at::Tensor& images, const Config& config, int64_t stride, int64_t step);

}  // namespace qat
