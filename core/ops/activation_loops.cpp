// Each function and its derivative for one number, then the loops over them. Functions choose by comparison and compute
// all branches, so that the compiler vectorises them.
#include "ops/activation_loops.h"

#include "ops/clones.h"
#include "ops/fast_exp.h"

namespace qat::loops {
namespace {

// NaN compares false, and so passes.
[[gnu::always_inline]] inline float clamp(float x, float low, float high) {
    const float most = x > high ? high : x;
    return most < low ? low : most;
}

// Coefficients from the highest power down.
template <class... Rest>
[[gnu::always_inline]] inline float polynomial(float x, float highest, Rest... rest) {
    float p = highest;
    ((p = p * x + rest), ...);
    return p;
}

// Cephes' tanhf.
[[gnu::always_inline]] inline float tanhOf(float x) {
    const float z = x * x, a = __builtin_fabsf(x);
    const float small = polynomial(z, -5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f,
                                   -3.33332819422e-1f) *
                            z * x +
                        x;
    const float large = __builtin_copysignf(1.0f - 2.0f / (fastExp(a + a) + 1.0f), x);
    return a < 0.625f ? small : large;
}

// erfc(a) for a >= 1, over e^(-a^2): Cephes' erfcf.
[[gnu::always_inline]] inline float erfcFactor(float a) {
    const float q = 1.0f / a, y = q * q;
    const float near = polynomial(y, 2.326819970068386e-2f, -1.387039388740657e-1f, 3.687424674597105e-1f,
                                  -5.824733027278666e-1f, 6.210004621745983e-1f, -4.944515323274145e-1f,
                                  3.404879937665872e-1f, -2.741127028184656e-1f, 5.638259427386472e-1f);
    const float far =
        polynomial(y, -1.047766399936249e+1f, 1.297719955372516e+1f, -7.495518717768503e+0f, 2.921019019210786e+0f,
                   -1.015265279202700e+0f, 4.218463358204948e-1f, -2.820767439740514e-1f, 5.641895067754075e-1f);
    return q * (a < 2.0f ? near : far);
}

// erf(a) for |a| < 1: Cephes' erff.
[[gnu::always_inline]] inline float erfSmall(float a) {
    return a * polynomial(a * a, 7.853861353153693e-5f, -8.010193625184903e-4f, 5.188327685732524e-3f,
                          -2.685381193529856e-2f, 1.128358514861418e-1f, -3.761262582423300e-1f, 1.128379165726710e+0f);
}

// The normal distribution: of [0, 1], also small ones to a few units.
[[gnu::always_inline]] inline float normalBelow(float x) {
    const float scaled = x * 0.70710678118654752f, a = __builtin_fabsf(scaled);
    const float inner = 0.5f + 0.5f * erfSmall(scaled);
    const float tail = 0.5f * erfcFactor(a) * fastExp(-a * a);
    const float outer = x < 0.0f ? tail : 1.0f - tail;
    return a < 1.0f ? inner : outer;
}

// tanh(softplus(x)) = n / (n + 2), n = e (e + 2), e = e^x; 1 in float from 10 on.
struct MishParts {
    float e, n;
};
[[gnu::always_inline]] inline MishParts mishParts(float x) {
    const float e = fastExp(x > 20.0f ? 20.0f : x);
    return {e, e * (e + 2.0f)};
}

constexpr float kGeluRate = 0.79788456080286536f, kGeluCube = 0.044715f;  // sqrt(2 / pi)

// 0.5 (1 + tanh(u)) = logistic(2 u), u = kGeluRate (x + kGeluCube x^3); 0 or 1 in float beyond 10. rest: what is left
// to 1, also where that is small.
struct Gate {
    float open, rest;
};
[[gnu::always_inline]] inline Gate geluGate(float x) {
    const float e = fastExp(-2.0f * kGeluRate * (x + kGeluCube * x * x * x)), open = 1.0f / (1.0f + e);
    return {open, e * open};
}

[[gnu::always_inline]] inline float geluTanhSlope(float given) {
    const float x = clamp(given, -10.0f, 10.0f);
    const auto [open, rest] = geluGate(x);
    return open + x * open * rest * (2.0f * kGeluRate * (1.0f + 3.0f * kGeluCube * x * x));
}

[[gnu::always_inline]] inline float geluSlope(float given) {
    const float x = clamp(given, -13.0f, 13.0f);
    return normalBelow(x) + x * (0.39894228040143268f * fastExp(-0.5f * x * x));
}

[[gnu::always_inline]] inline float mishSlope(float given) {
    const float x = given > 20.0f ? 20.0f : given;
    const auto [e, n] = mishParts(x);
    const float below = 1.0f / (n + 2.0f);
    return n * below + x * (4.0f * e * (e + 1.0f)) * below * below;
}

[[gnu::always_inline]] inline float hardswishSlope(float x) {
    const float inner = x * (1.0f / 3.0f) + 0.5f, right = x >= 3.0f ? 1.0f : inner;
    return x <= -3.0f ? 0.0f : right;
}

}  // namespace

// A loop whose body is an expression of x and slope; the derivative's is multiplied with g.
#define QAT_ACTIVATION_LOOPS(NAME, VALUE, SLOPE)                                              \
    QAT_CLONES void NAME(const float* u, float* y, int64_t n, [[maybe_unused]] float slope) { \
        for (int64_t i = 0; i < n; ++i) {                                                     \
            const float x = u[i];                                                             \
            y[i] = VALUE;                                                                     \
        }                                                                                     \
    }                                                                                         \
    QAT_CLONES void NAME##Backward(const float* u, const float* g, float* out, int64_t n,     \
                                   [[maybe_unused]] float slope) {                            \
        for (int64_t i = 0; i < n; ++i) {                                                     \
            const float x = u[i];                                                             \
            out[i] = g[i] * (SLOPE);                                                          \
        }                                                                                     \
    }

QAT_ACTIVATION_LOOPS(leakyRelu, (x < 0.0f ? x * slope : x), (x > 0.0f ? 1.0f : slope))
QAT_ACTIVATION_LOOPS(relu6, clamp(x, 0.0f, 6.0f), (x > 0.0f) & (x < 6.0f) ? 1.0f : 0.0f)
QAT_ACTIVATION_LOOPS(hardswish, (x * (clamp(x + 3.0f, 0.0f, 6.0f) * (1.0f / 6.0f))), hardswishSlope(x))
QAT_ACTIVATION_LOOPS(hardSigmoid, clamp(x + 3.0f, 0.0f, 6.0f) * (1.0f / 6.0f),
                     (x > -3.0f) & (x < 3.0f) ? 1.0f / 6.0f : 0.0f)
QAT_ACTIVATION_LOOPS(hardTanh, clamp(x, -1.0f, 1.0f), (x > -1.0f) & (x < 1.0f) ? 1.0f : 0.0f)
QAT_ACTIVATION_LOOPS(tanh, tanhOf(x), (1.0f - tanhOf(x)) * (1.0f + tanhOf(x)))
QAT_ACTIVATION_LOOPS(elu, x > 0.0f ? x : fastExpm1(x), x > 0.0f ? 1.0f : fastExp(x))
QAT_ACTIVATION_LOOPS(mish, (x * (mishParts(x).n / (mishParts(x).n + 2.0f))), mishSlope(x))
QAT_ACTIVATION_LOOPS(gelu, (x * normalBelow(x)), geluSlope(x))
QAT_ACTIVATION_LOOPS(geluTanh, (x * geluGate(clamp(x, -10.0f, 10.0f)).open), geluTanhSlope(x))

#undef QAT_ACTIVATION_LOOPS

}  // namespace qat::loops
