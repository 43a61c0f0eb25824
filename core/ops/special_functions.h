// Functions of one number for loops that the compiler vectorises: they choose by comparison and compute all branches.
// NaN stays NaN; the same bits on every instruction set.
#pragma once

#include "ops/fast_exp.h"

namespace qat::loops {

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

}  // namespace qat::loops
