// Exponentials for loops that the compiler vectorises: the same bits on every instruction set.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace qat::loops {

// x = n ln2 + r and e^r = 1 + q (Cephes' expf coefficients). Fused multiply-adds are asked for by name, so that every
// instruction set rounds alike.
struct SplitExp {
    float n, q;
};

[[gnu::always_inline]] inline SplitExp splitExp(float x) {
    x = std::min(std::max(x, -87.0f), 88.0f);
    const float n = __builtin_rintf(x * 1.44269504088896341f);
    const float r = __builtin_fmaf(n, 2.12194440e-4f, __builtin_fmaf(n, -0.693359375f, x));
    float p = 1.9875691500e-4f;
    p = __builtin_fmaf(p, r, 1.3981999507e-3f);
    p = __builtin_fmaf(p, r, 8.3334519073e-3f);
    p = __builtin_fmaf(p, r, 4.1665795894e-2f);
    p = __builtin_fmaf(p, r, 1.6666665459e-1f);
    p = __builtin_fmaf(p, r, 5.0000001201e-1f);
    return {n, __builtin_fmaf(p, r * r, r)};
}

[[gnu::always_inline]] inline float powerOfTwo(float n) {
    return std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}

// e^x to 1 ulp.
[[gnu::always_inline]] inline float fastExp(float x) {
    const SplitExp e = splitExp(x);
    return (e.q + 1.0f) * powerOfTwo(e.n);
}

// e^x - 1, also where that is small.
[[gnu::always_inline]] inline float fastExpm1(float x) {
    const SplitExp e = splitExp(x);
    const float power = powerOfTwo(e.n);
    return power * e.q + (power - 1.0f);
}

[[gnu::always_inline]] inline float logistic(float x) {
    return 1.0f / (1.0f + fastExp(-x));
}

}  // namespace qat::loops
