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

}  // namespace qat::loops
