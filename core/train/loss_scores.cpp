// The loop that sees every class logit once; most of the loss's time is spent here.
#include "train/loss_scores.h"

#include <algorithm>

#include "train/loss_vector.h"

namespace qat {
namespace {

struct BlockResult {
    float loss, sigmoid;
};

// With z = e^-|x|: log(1 + e^x) = max(x, 0) + log(1 + z), and log(1 + z) = 2 atanh(u) = 2 (u + u^3/3 + u^5/5 + ...)
// with u = z / (2 + z) <= 1/3; what follows u^15 is below 2e-9 of it. One division serves u and the sigmoid.
QAT_LOSS_INLINE BlockResult element(float x) {
    const float z = vectorExp(x < 0 ? x : -x);
    const float onePlus = 1.0f + z, twoPlus = 2.0f + z;
    const float inverse = 1.0f / (onePlus * twoPlus);
    const float u = z * (inverse * onePlus), square = u * u;
    float series = 1.0f / 15;
    series = series * square + 1.0f / 13;
    series = series * square + 1.0f / 11;
    series = series * square + 1.0f / 9;
    series = series * square + 1.0f / 7;
    series = series * square + 1.0f / 5;
    series = series * square + 1.0f / 3;
    const float logarithm = 2.0f * (u + u * (square * series));
    const float likelier = inverse * twoPlus;  // sigmoid of |x|
    return {.loss = (x < 0 ? 0.0f : x) + logarithm, .sigmoid = x < 0 ? z * likelier : likelier};
}

template <bool kGradient>
QAT_LOSS_INLINE void block(const float* logits, float scale, float* lanes, float* gradient) {
    for (int i = 0; i < kLanes; ++i) {
        const BlockResult result = element(logits[i]);
        lanes[i] += result.loss;
        if constexpr (kGradient) gradient[i] = scale * result.sigmoid;
    }
}

// The rest of a row, padded with logits whose loss is 1e-38.
template <bool kGradient>
QAT_LOSS_INLINE void partialBlock(const float* logits, int64_t count, float scale, float* lanes, float* gradient) {
    float padded[kLanes], slopes[kLanes];
    for (int i = 0; i < kLanes; ++i) padded[i] = -100.0f;
    for (int64_t i = 0; i < count; ++i) padded[i] = logits[i];
    block<kGradient>(padded, scale, lanes, slopes);
    if constexpr (kGradient) std::copy_n(slopes, count, gradient);
}

// Float sums within a row, double sums over rows: a row is short, a batch is not.
template <bool kGradient>
QAT_LOSS_INLINE double allRows(const float* logits, int64_t rows, int64_t classes, int64_t step, float scale,
                               float* gradient) {
    double sums[kLanes] = {};
    for (int64_t row = 0; row < rows; ++row, logits += step) {
        float lanes[kLanes] = {};
        float* slope = kGradient ? gradient + row * step : nullptr;
        int64_t i = 0;
        for (; i + kLanes <= classes; i += kLanes) block<kGradient>(logits + i, scale, lanes, slope + i);
        if (i < classes) partialBlock<kGradient>(logits + i, classes - i, scale, lanes, slope + i);
        for (int lane = 0; lane < kLanes; ++lane) sums[lane] += lanes[lane];
    }
    double sum = 0;
    for (const double lane : sums) sum += lane;
    return sum;
}

QAT_LOSS_CLONES double lossOnly(const float* logits, int64_t rows, int64_t classes, int64_t step) {
    return allRows<false>(logits, rows, classes, step, 0, nullptr);
}

QAT_LOSS_CLONES double lossAndGradient(const float* logits, int64_t rows, int64_t classes, int64_t step, float scale,
                                       float* gradient) {
    return allRows<true>(logits, rows, classes, step, scale, gradient);
}

}  // namespace

double backgroundLoss(const float* logits, int64_t rows, int64_t classes, int64_t step, float scale, float* gradient) {
    return gradient ? lossAndGradient(logits, rows, classes, step, scale, gradient)
                    : lossOnly(logits, rows, classes, step);
}

}  // namespace qat
