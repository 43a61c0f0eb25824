// Grid and scale arithmetic.
#include "quant/scheme.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace qat {

namespace {

NumberFormat floatFormatOf(DType type) {
    if (type == DType::Float8E4m3) return NumberFormat::E4m3;
    return type == DType::Float8E5m2 ? NumberFormat::E5m2 : NumberFormat::Half;
}

float nearestPowerOfTwo(float scale, float smallest) {
    const float power = std::exp2(std::nearbyint(std::log2(scale)));
    return power < smallest ? 2 * power : power;
}

}  // namespace

QuantGrid gridFor(const TensorQuantConfig& config) {
    if (floatBits(config.dtype) > 0) {
        const NumberFormat format = floatFormatOf(config.dtype);
        const auto largest = static_cast<int64_t>(floatFormat(format).largest);
        return {floatBits(config.dtype), -largest, largest, true, format};
    }
    const int bits = config.bitWidth - (config.reduceRange ? 1 : 0);
    require(config.bitWidth >= 1 && config.bitWidth <= 16 && bits >= 1, ErrorKind::BadInput, "a grid cannot have ",
            bits, " bits");
    const int64_t codes = int64_t{1} << bits;
    const bool isSigned = config.dtype == DType::QInt8;
    if (isSigned && bits == 1) {
        require(config.symmetric, ErrorKind::BadInput,
                "signed values of one bit are -1 and 1, which needs symmetric: true");
        return {config.bitWidth, -1, 1, true, NumberFormat::Binary};
    }
    QuantGrid grid{config.bitWidth, isSigned ? -codes / 2 : 0, isSigned ? codes / 2 - 1 : codes - 1, config.symmetric};
    if (config.narrowRange && isSigned && config.symmetric) ++grid.qmin;
    return grid;
}

QParams chooseQParams(float low, float high, const QuantGrid& grid, float smallest) {
    require(std::isfinite(low) && std::isfinite(high) && low <= high, ErrorKind::BadInput,
            "cannot quantize the range [", low, ", ", high, "]");
    if (grid.format == NumberFormat::Half) return {1, 0};
    low = std::min(low, 0.0f);
    high = std::max(high, 0.0f);
    const float steps = static_cast<float>(grid.qmax - grid.qmin);
    float scale = std::max(grid.symmetric ? std::max(-low, high) / (steps / 2) : (high - low) / steps, smallest);
    if (grid.powerOfTwo) scale = nearestPowerOfTwo(scale, smallest);
    if (grid.symmetric) return {scale, grid.qmin < 0 ? 0.0f : static_cast<float>((grid.qmin + grid.qmax + 1) / 2)};
    const float zeroPoint = static_cast<float>(grid.qmin) - std::nearbyint(low / scale);
    return {scale, std::clamp(zeroPoint, static_cast<float>(grid.qmin), static_cast<float>(grid.qmax))};
}

float scaleFloor(double eps, int bits) {
    const double finer = bits > 8 ? 255.0 / static_cast<double>((int64_t{1} << bits) - 1) : 1.0;
    return static_cast<float>(std::max(eps * finer, 1.1920929e-7));
}

}  // namespace qat
