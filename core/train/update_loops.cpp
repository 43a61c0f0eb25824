// Bodies of the optimizer loops.
#include "train/update_loops.h"

#include <algorithm>
#include <cmath>

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define QAT_CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define QAT_CLONES
#endif

namespace qat::loops {

QAT_CLONES void sgdStep(float* __restrict p, const float* __restrict g, float* __restrict m, int64_t n,
                        const SgdStep& step) {
    const SgdStep s = step;
    for (int64_t i = 0; i < n; ++i) {
        const float gradient = g[i] * s.clip + s.decay * p[i];
        m[i] = s.momentum * m[i] + gradient;
        p[i] -= s.lr * (gradient + s.momentum * m[i]);
    }
}

QAT_CLONES void adamStep(float* __restrict p, const float* __restrict g, float* __restrict m, float* __restrict v,
                         int64_t n, const AdamStep& step) {
    const AdamStep s = step;
    for (int64_t i = 0; i < n; ++i) {
        const float gradient = g[i] * s.clip + s.decay * p[i];
        m[i] = s.beta1 * m[i] + (1.0f - s.beta1) * gradient;
        v[i] = s.beta2 * v[i] + (1.0f - s.beta2) * gradient * gradient;
        const float denominator = __builtin_sqrtf(v[i] / s.correction2) + s.eps;
        p[i] = p[i] * (1.0f - s.decoupledDecay) - s.lr * (m[i] / s.correction1) / denominator;
    }
}

QAT_CLONES void muonMoments(const float* __restrict g, float* __restrict m, float* __restrict u, int64_t n,
                            const MuonStep& step) {
    const MuonStep s = step;
    for (int64_t i = 0; i < n; ++i) {
        const float gradient = (1.0f - s.momentum) * (g[i] * s.clip);
        m[i] = s.momentum * m[i] + gradient;
        u[i] = s.momentum * m[i] + gradient;
    }
}

QAT_CLONES double sumOfSquares(const float* x, int64_t n) {
    constexpr int64_t kLanes = 16, kRun = 1024;
    double total = 0;
    for (int64_t start = 0; start < n; start += kRun) {
        const int64_t end = std::min(n, start + kRun);
        float lanes[kLanes] = {};
        int64_t i = start;
        for (; i + kLanes <= end; i += kLanes)
            for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += x[i + lane] * x[i + lane];
        for (; i < end; ++i) lanes[0] += x[i] * x[i];
        for (const float lane : lanes) total += lane;
    }
    return total;
}

QAT_CLONES void average(float* __restrict e, const float* __restrict v, int64_t n, float decay) {
    for (int64_t i = 0; i < n; ++i) e[i] = decay * e[i] + (1.0f - decay) * v[i];
}

QAT_CLONES void trackOscillation(const float* __restrict w, const OscillationState& state, int64_t n,
                                 float inverseScale, float qmin, float qmax, float momentum) {
    int8_t* __restrict code = state.code;
    int8_t* __restrict direction = state.direction;
    float* __restrict frequency = state.frequency;
    for (int64_t i = 0; i < n; ++i) {
        const float rounded = __builtin_rintf(w[i] * inverseScale);
        const int now = static_cast<int>(std::min(std::max(rounded, qmin), qmax));
        const int change = now - code[i];
        const int sign = (change > 0) - (change < 0);
        const int last = direction[i];
        const float oscillated = sign * last < 0 ? 1.0f : 0.0f;
        frequency[i] = momentum * oscillated + (1.0f - momentum) * frequency[i];
        direction[i] = static_cast<int8_t>(sign != 0 ? sign : last);
        code[i] = static_cast<int8_t>(now);
    }
}

std::pair<double, int64_t> boundaryDistances(const float* w, int64_t n, float inverseScale, float qmin, float qmax) {
    double sum = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < n; ++i) {
        const float scaled = w[i] * inverseScale;
        if (!(scaled >= qmin && scaled <= qmax)) continue;
        sum += 0.5 - std::abs(scaled - __builtin_rintf(scaled));
        ++count;
    }
    return {sum, count};
}

QAT_CLONES int64_t freezeOscillating(float* __restrict w, const FreezeState& state, int64_t n, float scale,
                                     float threshold, float momentum) {
    const int8_t* __restrict code = state.code;
    float* __restrict frequency = state.frequency;
    float* __restrict mean = state.mean;
    int8_t* __restrict frozen = state.frozen;
    int64_t count = 0;
    for (int64_t i = 0; i < n; ++i) {
        const bool freezes = (frozen[i] == kFree) & (frequency[i] > threshold);
        const float target = __builtin_rintf(mean[i]);
        frozen[i] = freezes ? static_cast<int8_t>(target) : frozen[i];
        w[i] = freezes ? target * scale : w[i];
        frequency[i] = freezes ? 0.0f : frequency[i];
        mean[i] = momentum * static_cast<float>(code[i]) + (1.0f - momentum) * mean[i];
        count += freezes;
    }
    return count;
}

QAT_CLONES void holdFrozen(float* __restrict w, const int8_t* __restrict frozen, int64_t n, float scale) {
    for (int64_t i = 0; i < n; ++i) w[i] = frozen[i] == kFree ? w[i] : static_cast<float>(frozen[i]) * scale;
}

QAT_CLONES double takeFrozen(float* __restrict g, const int8_t* __restrict frozen, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
        const bool held = frozen[i] != kFree;
        sum += held ? static_cast<double>(g[i]) * frozen[i] : 0.0;
        g[i] = held ? 0.0f : g[i];
    }
    return sum;
}

QAT_CLONES double dampen(const float* __restrict w, float* __restrict g, int64_t n, const DampenStep& step) {
    constexpr int64_t kLanes = 16;
    const DampenStep s = step;
    const auto at = [&](int64_t i) {
        const float scaled = w[i] * s.inverse;
        const float residual = w[i] - __builtin_rintf(scaled) * s.scale;
        const float pull = (scaled >= s.qmin) & (scaled <= s.qmax) ? residual : 0.0f;
        g[i] += s.factor * pull;
        return pull * pull;
    };
    float lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes)
        for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += at(i + lane);
    for (; i < n; ++i) lanes[0] += at(i);
    double total = 0;
    for (const float lane : lanes) total += lane;
    return total;
}

}  // namespace qat::loops
