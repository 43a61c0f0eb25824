// Bodies of the loops over signs and floating point formats. Sums are taken in runs of fixed length, in double between
// them.
#include "ops/number_loops.h"

#include <algorithm>

#include "ops/clones.h"

namespace qat::loops {
namespace {

constexpr int64_t kRun = 64;  // numbers summed one by one: sums do not hold up a loop of a dozen operations

[[gnu::always_inline]] inline float signOf(float x) {
    return x != x ? x : x < 0.0f ? -1.0f : 1.0f;
}

// NaN stays NaN in this order.
[[gnu::always_inline]] inline float cut(float x, float largest) {
    const float low = x < -largest ? -largest : x;
    return low > largest ? largest : low;
}

template <class Step>
[[gnu::always_inline]] inline GridSums summed(int64_t n, const Step& step) {
    GridSums total;
    float scales[kRun], clipped[kRun];
    for (int64_t start = 0; start < n; start += kRun) {
        const int64_t run = std::min(kRun, n - start);
        for (int64_t i = 0; i < run; ++i) step(start + i, scales[i], clipped[i]);
        for (int64_t i = 0; i < run; ++i) total.scale += scales[i], total.clipped += clipped[i];
    }
    return total;
}

}  // namespace

QAT_CLONES void binarize(const float* x, float* y, int64_t n, const Grid& grid) {
    const float scale = grid.scale;
    for (int64_t i = 0; i < n; ++i) y[i] = signOf(x[i]) * scale;
}

QAT_CLONES GridSums binarizeBackward(const float* x, const float* g, float* out, int64_t n, float reach,
                                     float gradFactor) {
    return summed(
        n, [=](int64_t i, float& scale, float& clipped) __attribute__((always_inline)) {
            const float gradient = g[i];
            const bool passes = (x[i] >= -reach) & (x[i] <= reach);
            scale = gradient * signOf(x[i]);
            clipped = passes ? 0.0f : gradient;
            out[i] = passes ? gradient * gradFactor : 0.0f;
        });
}

QAT_CLONES void roundToFloat(const float* x, float* y, int64_t n, const Grid& grid, NumberFormat format) {
    const Grid k = grid;
    const FloatFormat f = floatFormat(format);
    for (int64_t i = 0; i < n; ++i) y[i] = roundToFormat(cut(x[i] * k.inverse, f.largest), f) * k.scale;
}

QAT_CLONES GridSums roundToFloatBackward(const float* x, const float* g, float* out, int64_t n, const Grid& grid,
                                         NumberFormat format, float gradFactor, float inside) {
    const Grid k = grid;
    const FloatFormat f = floatFormat(format);
    return summed(
        n, [=](int64_t i, float& scale, float& clipped) __attribute__((always_inline)) {
            const float scaled = x[i] * k.inverse, gradient = g[i];
            // One format step beyond the largest number is far enough to tell what is clipped, and cannot overflow.
            const float rounded = roundToFormat(cut(scaled, 2.0f * f.largest), f);
            const bool passes = (rounded >= -f.largest) & (rounded <= f.largest);
            scale = gradient * (passes ? (rounded - scaled) * inside : cut(rounded, f.largest));
            clipped = passes ? 0.0f : gradient;
            out[i] = passes ? gradient * gradFactor : 0.0f;
        });
}

}  // namespace qat::loops
