// The loop that sees every class logit once; most of the loss's time is spent here.
#include "loss/loss_scores.h"

#include <algorithm>

#include "loss/loss_vector.h"

namespace qat {
namespace {

template <bool kGradient, bool kWeighted>
QAT_LOSS_INLINE void block(const float* logits, const float* weights, float scale, float* lanes, float* gradient) {
    for (int i = 0; i < kLanes; ++i) {
        const ScoreTerms result = scoreTerms(logits[i]);
        lanes[i] += kWeighted ? weights[i] * result.softplus : result.softplus;
        if constexpr (kGradient) gradient[i] = (kWeighted ? weights[i] * scale : scale) * result.sigmoid;
    }
}

// The rest of a row, padded with logits whose loss is 1e-38.
template <bool kGradient, bool kWeighted>
QAT_LOSS_INLINE void partialBlock(const float* logits, int64_t count, const float* weights, float scale, float* lanes,
                                  float* gradient) {
    float padded[kLanes], slopes[kLanes], factors[kLanes] = {};
    for (int i = 0; i < kLanes; ++i) padded[i] = -100.0f;
    for (int64_t i = 0; i < count; ++i) padded[i] = logits[i];
    if constexpr (kWeighted) std::copy_n(weights, count, factors);
    block<kGradient, kWeighted>(padded, factors, scale, lanes, slopes);
    if constexpr (kGradient) std::copy_n(slopes, count, gradient);
}

// Float sums within a row, double sums over rows: a row is short, a batch is not.
template <bool kGradient, bool kWeighted>
QAT_LOSS_INLINE double allRows(const float* logits, int64_t rows, int64_t classes, int64_t step, float scale,
                               const float* weights, float* gradient) {
    double sums[kLanes] = {};
    for (int64_t row = 0; row < rows; ++row, logits += step) {
        float lanes[kLanes] = {};
        float* slope = kGradient ? gradient + row * step : nullptr;
        int64_t i = 0;
        for (; i + kLanes <= classes; i += kLanes)
            block<kGradient, kWeighted>(logits + i, weights + i, scale, lanes, slope + i);
        if (i < classes)
            partialBlock<kGradient, kWeighted>(logits + i, classes - i, weights + i, scale, lanes, slope + i);
        for (int lane = 0; lane < kLanes; ++lane) sums[lane] += lanes[lane];
    }
    double sum = 0;
    for (const double lane : sums) sum += lane;
    return sum;
}

QAT_LOSS_CLONES double lossOnly(const float* logits, int64_t rows, int64_t classes, int64_t step) {
    return allRows<false, false>(logits, rows, classes, step, 0, nullptr, nullptr);
}

QAT_LOSS_CLONES double lossAndGradient(const float* logits, int64_t rows, int64_t classes, int64_t step, float scale,
                                       float* gradient) {
    return allRows<true, false>(logits, rows, classes, step, scale, nullptr, gradient);
}

QAT_LOSS_CLONES double weightedLoss(const float* logits, int64_t rows, int64_t classes, int64_t step,
                                    const float* weights) {
    return allRows<false, true>(logits, rows, classes, step, 0, weights, nullptr);
}

QAT_LOSS_CLONES double weightedLossAndGradient(const float* logits, int64_t rows, int64_t classes, int64_t step,
                                               float scale, const float* weights, float* gradient) {
    return allRows<true, true>(logits, rows, classes, step, scale, weights, gradient);
}

}  // namespace

double backgroundLoss(const float* logits, int64_t rows, int64_t classes, int64_t step, float scale,
                      const float* weights, float* gradient) {
    if (weights)
        return gradient ? weightedLossAndGradient(logits, rows, classes, step, scale, weights, gradient)
                        : weightedLoss(logits, rows, classes, step, weights);
    return gradient ? lossAndGradient(logits, rows, classes, step, scale, gradient)
                    : lossOnly(logits, rows, classes, step);
}

}  // namespace qat
