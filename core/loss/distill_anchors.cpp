// The loops that see every logit of student and teacher once.
#include "loss/distill_anchors.h"

#include <algorithm>
#include <cmath>

#include "loss/loss_vector.h"

namespace qat {
namespace {

// With x = student / T and y = teacher / T: KL = softplus(x) - softplus(y) + sigmoid(y) (y - x), exactly 0 where x = y.
template <bool kGradient>
QAT_LOSS_INLINE void classBlock(const float* student, const float* teacher, float inverse, float slope, float* lanes,
                                float* gradient) {
    for (int i = 0; i < kLanes; ++i) {
        const float x = student[i] * inverse, y = teacher[i] * inverse;
        const ScoreTerms s = scoreTerms(x), t = scoreTerms(y);
        lanes[i] += (s.softplus - t.softplus) + t.sigmoid * (y - x);
        if constexpr (kGradient) gradient[i] = slope * (s.sigmoid - t.sigmoid);
    }
}

template <bool kGradient>
QAT_LOSS_INLINE double classes(const float* student, const float* teacher, int64_t count, float inverse, float slope,
                               float* gradient) {
    float lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
        classBlock<kGradient>(student + i, teacher + i, inverse, slope, lanes, gradient + i);
    if (i < count) {  // the rest, padded with logits that agree
        float s[kLanes] = {}, t[kLanes] = {}, slopes[kLanes];
        std::copy_n(student + i, count - i, s);
        std::copy_n(teacher + i, count - i, t);
        classBlock<kGradient>(s, t, inverse, slope, lanes, slopes);
        if constexpr (kGradient) std::copy_n(slopes, count - i, gradient + i);
    }
    double sum = 0;
    for (const float lane : lanes) sum += lane;
    return sum;
}

struct Softened {
    float weight[kMostBins];  // e^(x - largest)
    float largest, sum;
};

QAT_LOSS_INLINE void soften(const float* logits, int64_t bins, float inverse, Softened& side) {
    side.largest = logits[0] * inverse;
    for (int64_t i = 1; i < bins; ++i) side.largest = std::max(side.largest, logits[i] * inverse);
    for (int64_t i = 0; i < bins; ++i) side.weight[i] = vectorExp(logits[i] * inverse - side.largest);
    side.sum = 0;
    for (int64_t i = 0; i < bins; ++i) side.sum += side.weight[i];
}

// KL = sum of q_t (y - x) - logsumexp(y) + logsumexp(x).
template <bool kGradient>
QAT_LOSS_INLINE double side(const float* student, const float* teacher, int64_t bins, float inverse, float slope,
                            float* gradient) {
    Softened s, t;
    soften(student, bins, inverse, s);
    soften(teacher, bins, inverse, t);
    const float byS = 1.0f / s.sum, byT = 1.0f / t.sum;
    float difference = 0;
    for (int64_t i = 0; i < bins; ++i) difference += t.weight[i] * byT * (teacher[i] * inverse - student[i] * inverse);
    if constexpr (kGradient)
        for (int64_t i = 0; i < bins; ++i) gradient[i] = slope * (s.weight[i] * byS - t.weight[i] * byT);
    return difference - (t.largest + std::log(static_cast<double>(t.sum))) +
           (s.largest + std::log(static_cast<double>(s.sum)));
}

// Left, top, right, bottom.
template <bool kGradient>
QAT_LOSS_INLINE double plainSides(const float* student, const float* teacher, const AnchorRun& run, float slope,
                                  float* gradient) {
    float sum = 0;
    for (int i = 0; i < 4; ++i) {
        const float share = i % 2 == 0 ? run.shareX : run.shareY, difference = student[i] - teacher[i];
        sum += std::abs(difference) * share;
        if constexpr (kGradient) gradient[i] = slope * share * static_cast<float>((difference > 0) - (difference < 0));
    }
    return sum;
}

template <bool kGradient>
QAT_LOSS_INLINE double sides(const float* student, const float* teacher, const AnchorRun& run, float slope,
                             float* gradient) {
    if (run.bins == 1) return plainSides<kGradient>(student, teacher, run, slope, gradient);
    double sum = 0;
    for (int64_t at = 0; at < 4 * run.bins; at += run.bins)
        sum += side<kGradient>(student + at, teacher + at, run.bins, run.inverseTemperature, slope,
                               kGradient ? gradient + at : nullptr);
    return sum;
}

template <bool kGradient>
QAT_LOSS_INLINE AnchorDivergence allAnchors(const AnchorRun& run) {
    const int64_t bins = 4 * run.bins, channels = bins + run.classes;
    AnchorDivergence sum;
    for (int64_t anchor = 0; anchor < run.count; ++anchor) {
        const float* s = run.student + anchor * channels;
        const float* t = run.teacher + anchor * channels;
        float* g = kGradient ? run.gradient + anchor * channels : nullptr;
        const float weight = run.weights[anchor];
        sum.box += weight * sides<kGradient>(s, t, run, run.boxSlope * weight, g);
        sum.cls += weight * classes<kGradient>(s + bins, t + bins, run.classes, run.inverseTemperature,
                                               run.clsSlope * weight, kGradient ? g + bins : nullptr);
    }
    return sum;
}

QAT_LOSS_CLONES void valueOnly(const AnchorRun& run, AnchorDivergence& sum) {
    sum = allAnchors<false>(run);
}

QAT_LOSS_CLONES void valueAndGradient(const AnchorRun& run, AnchorDivergence& sum) {
    sum = allAnchors<true>(run);
}

}  // namespace

AnchorDivergence divergenceOf(const AnchorRun& run) {
    AnchorDivergence sum;
    run.gradient ? valueAndGradient(run, sum) : valueOnly(run, sum);
    return sum;
}

}  // namespace qat
