// Grid and scale arithmetic.
#include "quant/scheme.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace qat {

QuantGrid gridFor(const TensorQuantConfig& config, bool narrow) {
    require(config.bitWidth >= 2 && config.bitWidth <= 16, ErrorKind::BadInput, "a grid cannot have ", config.bitWidth, " bits");
    const int64_t codes = int64_t{1} << (config.reduceRange ? config.bitWidth - 1 : config.bitWidth);
    const bool isSigned = config.dtype == DType::QInt8;
    QuantGrid grid{config.bitWidth, isSigned ? -codes / 2 : 0, isSigned ? codes / 2 - 1 : codes - 1, config.symmetric};
    if (narrow && isSigned && config.symmetric) ++grid.qmin;
    return grid;
}

QParams chooseQParams(float low, float high, const QuantGrid& grid, float smallest) {
    require(std::isfinite(low) && std::isfinite(high) && low <= high, ErrorKind::BadInput, "cannot quantize the range [", low, ", ",
            high, "]");
    low = std::min(low, 0.0f);
    high = std::max(high, 0.0f);
    const float steps = static_cast<float>(grid.qmax - grid.qmin);
    if (grid.symmetric) {
        const float scale = std::max(std::max(-low, high) / (steps / 2), smallest);
        return {scale, grid.qmin < 0 ? 0.0f : static_cast<float>((grid.qmin + grid.qmax + 1) / 2)};
    }
    const float scale = std::max((high - low) / steps, smallest);
    const float zeroPoint = static_cast<float>(grid.qmin) - std::nearbyint(low / scale);
    return {scale, std::clamp(zeroPoint, static_cast<float>(grid.qmin), static_cast<float>(grid.qmax))};
}

float scaleFloor(double eps, int bits) {
    const double finer = bits > 8 ? 255.0 / static_cast<double>((int64_t{1} << bits) - 1) : 1.0;
    return static_cast<float>(std::max(eps * finer, 1.1920929e-7));
}

}  // namespace qat
