// What the hot loops of the losses share: compiled once per instruction set, with an exponential that vectorises.
#pragma once

#include <bit>
#include <cstdint>

// One copy per instruction set, chosen when the program is loaded. Not under sanitizers: the choice runs before they
// are ready.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define QAT_LOSS_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define QAT_LOSS_CLONES
#endif
// Inlined into each copy, so that it is compiled for that copy's instruction set.
#define QAT_LOSS_INLINE inline __attribute__((always_inline))

namespace qat {

inline constexpr int kLanes = 16;  // floats of the widest register; shorter ones take several

// e^x to 1.2e-7 relative; x below -87 counts as -87, above 88 as 88; not-a-number stays one.
// e^x = 2^n e^r with n = round(x / ln 2), |r| <= ln 2 / 2, and the Taylor polynomial of degree 7 for e^r, whose
// remainder is below 6e-9. Adding 1.5 x 2^23 rounds to an integer and leaves n in the low bits, ready for the exponent.
QAT_LOSS_INLINE float vectorExp(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    constexpr float kRounder = 12582912.0f;
    const float shifted = x * 1.44269504f + kRounder;
    const float n = shifted - kRounder;
    // ln 2 in two pieces; the first has few enough bits for n times it to be exact.
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * (r * r) + r + 1.0f;
    return p * std::bit_cast<float>((std::bit_cast<uint32_t>(shifted) + 127u) << 23);
}

// log(1 + e^x) and 1 / (1 + e^-x), both to 2e-7 relative.
struct ScoreTerms {
    float softplus, sigmoid;
};

// With z = e^-|x|: log(1 + e^x) = max(x, 0) + log(1 + z), and log(1 + z) = 2 atanh(u) = 2 (u + u^3/3 + u^5/5 + ...)
// with u = z / (2 + z) <= 1/3; what follows u^15 is below 2e-9 of it. One division serves u and the sigmoid.
QAT_LOSS_INLINE ScoreTerms scoreTerms(float x) {
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
    return {.softplus = (x < 0 ? 0.0f : x) + logarithm, .sigmoid = x < 0 ? z * likelier : likelier};
}

}  // namespace qat
