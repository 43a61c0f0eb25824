// Bodies of the inner loops.
#include "ops/vector_loops.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "ops/clones.h"
#include "ops/fast_exp.h"

namespace qat::loops {
namespace {

// NaN stays NaN through min and max in this order.
[[gnu::always_inline]] inline float toGrid(float x, const Grid& g) {
    return __builtin_rintf(x * g.inverse) + g.zeroPoint;
}
[[gnu::always_inline]] inline float clip(float q, const Grid& g) {
    const float low = q < g.qmin ? g.qmin : q;
    return low > g.qmax ? g.qmax : low;
}

constexpr int64_t kLanes = 16;       // one AVX-512 register of floats
constexpr int64_t kAhead = 256;      // floats asked for in advance: the processor's own prefetching stops at every page
constexpr int64_t kFloatRun = 1024;  // floats summed in single precision before going to double

// For loops that read two tensors and write a third; beyond their ends it does nothing.
[[gnu::always_inline]] inline void prefetch(const float* x, const float* g, float* out) {
    __builtin_prefetch(x + kAhead);
    __builtin_prefetch(g + kAhead);
    __builtin_prefetch(out + kAhead, 1);
}

}  // namespace

QAT_CLONES void affineRows(const float* x, const float* __restrict a, const float* __restrict b, float* u, int64_t rows,
                           int64_t channels) {
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < channels; ++c) u[r * channels + c] = x[r * channels + c] * a[c] + b[c];
}

QAT_CLONES void silu(const float* u, float* y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) y[i] = u[i] / (1.0f + fastExp(-u[i]));
}

QAT_CLONES void siluBackward(const float* u, const float* g, float* out, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        const float s = logistic(u[i]);
        out[i] = g[i] * (s * (1.0f + u[i] * (1.0f - s)));
    }
}

QAT_CLONES void relu(const float* u, float* y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) y[i] = u[i] < 0.0f ? 0.0f : u[i];
}

QAT_CLONES void reluBackward(const float* u, const float* g, float* out, int64_t n) {
    for (int64_t i = 0; i < n; ++i) out[i] = u[i] > 0.0f ? g[i] : 0.0f;
}

QAT_CLONES void sigmoid(const float* u, float* y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) y[i] = logistic(u[i]);
}

QAT_CLONES void quantize(const float* x, float* y, int64_t n, const Grid& grid) {
    const Grid g = grid;
    for (int64_t i = 0; i < n; ++i) y[i] = (clip(toGrid(x[i], g), g) - g.zeroPoint) * g.scale;
}

QAT_CLONES void quantizeBackward(const float* x, const float* g, float* out, int64_t n, const Grid& grid,
                                 float gradFactor) {
    const Grid k = grid;
    const auto step = [&](int64_t i) __attribute__((always_inline)) {
        const float q = toGrid(x[i], k);
        out[i] = ((q >= k.qmin) & (q <= k.qmax)) ? g[i] * gradFactor : 0.0f;
    };
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
        prefetch(x + i, g + i, out + i);
        for (int64_t lane = 0; lane < kLanes; ++lane) step(i + lane);
    }
    for (; i < n; ++i) step(i);
}

QAT_CLONES GridSums quantizeBackwardScale(const float* x, const float* g, float* out, int64_t n, const Grid& grid,
                                          float inside) {
    const Grid k = grid;
    const auto step = [&](int64_t i, float& scaleSum, float& clippedSum) __attribute__((always_inline)) {
        const float scaled = x[i] * k.inverse;
        const float q = __builtin_rintf(scaled) + k.zeroPoint;
        const bool passes = (q >= k.qmin) & (q <= k.qmax);
        const float gradient = g[i];
        const float code = clip(q, k) - k.zeroPoint;
        scaleSum += gradient * (passes ? (code - scaled) * inside : code);
        clippedSum += passes ? 0.0f : gradient;
        out[i] = passes ? gradient : 0.0f;
    };
    GridSums total;
    for (int64_t start = 0; start < n; start += kFloatRun) {
        const int64_t end = std::min(n, start + kFloatRun);
        alignas(64) float scales[kLanes] = {};
        alignas(64) float clipped[kLanes] = {};
        int64_t i = start;
        for (; i + kLanes <= end; i += kLanes) {
            prefetch(x + i, g + i, out + i);
            for (int64_t lane = 0; lane < kLanes; ++lane) step(i + lane, scales[lane], clipped[lane]);
        }
        for (; i < end; ++i) step(i, scales[0], clipped[0]);
        for (const float lane : scales) total.scale += lane;
        for (const float lane : clipped) total.clipped += lane;
    }
    return total;
}

QAT_CLONES void columnSums(const float* x, double* sum, int64_t rows, int64_t channels) {
    std::vector<float> run(static_cast<size_t>(channels));
    for (int64_t start = 0; start < rows; start += 32) {
        std::fill(run.begin(), run.end(), 0.0f);
        float* const part = run.data();
        for (int64_t r = start; r < std::min(rows, start + 32); ++r)
            for (int64_t c = 0; c < channels; ++c) part[c] += x[r * channels + c];
        for (int64_t c = 0; c < channels; ++c) sum[c] += part[c];
    }
}

QAT_CLONES void columnSquares(const float* x, const float* mean, double* squares, int64_t rows, int64_t channels) {
    std::vector<float> run(static_cast<size_t>(channels));
    for (int64_t start = 0; start < rows; start += 32) {
        std::fill(run.begin(), run.end(), 0.0f);
        float* const part = run.data();
        for (int64_t r = start; r < std::min(rows, start + 32); ++r)
            for (int64_t c = 0; c < channels; ++c) {
                const float d = x[r * channels + c] - mean[c];
                part[c] += d * d;
            }
        for (int64_t c = 0; c < channels; ++c) squares[c] += part[c];
    }
}

QAT_CLONES void columnGradients(const float* g, const float* x, const float* mean, const float* invStd, double* sumG,
                                double* sumGX, int64_t rows, int64_t channels) {
    std::vector<float> run(static_cast<size_t>(2 * channels));
    for (int64_t start = 0; start < rows; start += 32) {
        std::fill(run.begin(), run.end(), 0.0f);
        float* const partG = run.data();
        float* const partGX = run.data() + channels;
        for (int64_t r = start; r < std::min(rows, start + 32); ++r)
            for (int64_t c = 0; c < channels; ++c) {
                const float gradient = g[r * channels + c];
                partG[c] += gradient;
                partGX[c] += gradient * ((x[r * channels + c] - mean[c]) * invStd[c]);
            }
        for (int64_t c = 0; c < channels; ++c) sumG[c] += partG[c];
        for (int64_t c = 0; c < channels; ++c) sumGX[c] += partGX[c];
    }
}

QAT_CLONES void normBackwardRows(float* __restrict g, const float* __restrict x, const float* __restrict a,
                                 const float* __restrict mean, const float* __restrict meanG, const float* __restrict k,
                                 int64_t rows, int64_t channels) {
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < channels; ++c) {
            const int64_t i = r * channels + c;
            g[i] = a[c] * (g[i] - meanG[c] - (x[i] - mean[c]) * k[c]);
        }
}

QAT_CLONES void minMax(const float* x, int64_t n, float& low, float& high) {
    float lows[kLanes], highs[kLanes];
    uint32_t unordered[kLanes] = {};
    std::fill_n(lows, kLanes, x[0]);
    std::fill_n(highs, kLanes, x[0]);
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes)
        for (int64_t lane = 0; lane < kLanes; ++lane) {
            const float v = x[i + lane];
            lows[lane] = v < lows[lane] ? v : lows[lane];
            highs[lane] = v > highs[lane] ? v : highs[lane];
            unordered[lane] |= v != v ? 1u : 0u;
        }
    for (; i < n; ++i) {
        lows[0] = std::min(lows[0], x[i]);
        highs[0] = std::max(highs[0], x[i]);
        unordered[0] |= x[i] != x[i] ? 1u : 0u;
    }
    low = *std::min_element(lows, lows + kLanes);
    high = *std::max_element(highs, highs + kLanes);
    if (std::any_of(unordered, unordered + kLanes, [](uint32_t flag) { return flag != 0; }))
        low = high = std::numeric_limits<float>::quiet_NaN();
}

}  // namespace qat::loops
