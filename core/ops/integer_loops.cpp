// Bodies of the loops on codes. Numbers are widened to int32 and float; bytes are cut off two's complement, so one body
// serves uint8 and int8.
#include "ops/integer_loops.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "ops/clones.h"

namespace qat::loops {
namespace {

[[gnu::always_inline]] inline float clipped(float q, const CodeGrid& g) {
    const float low = q < g.qmin ? g.qmin : q;
    return low > g.qmax ? g.qmax : low;
}
[[gnu::always_inline]] inline uint8_t byteOf(float q) {
    return static_cast<uint8_t>(static_cast<int32_t>(q));
}
// flip: 128 for int8, which turns 128..255 into -128..-1; 0 for uint8.
[[gnu::always_inline]] inline float numberOf(uint8_t byte, int32_t flip) {
    return static_cast<float>((static_cast<int32_t>(byte) ^ flip) - flip);
}

#if defined(__x86_64__)
// The table in four registers of 64 codes; the highest bit of a code says which pair. Returns how many were done.
[[gnu::target("avx512f,avx512bw,avx512vbmi")]] int64_t lookUpPermuting(const uint8_t* codes, const uint8_t* table,
                                                                       uint8_t* out, int64_t n, uint8_t shift) {
    const __m512i t0 = _mm512_loadu_si512(table), t1 = _mm512_loadu_si512(table + 64),
                  t2 = _mm512_loadu_si512(table + 128), t3 = _mm512_loadu_si512(table + 192);
    const __m512i shifts = _mm512_set1_epi8(static_cast<char>(shift));
    int64_t i = 0;
    for (; i + 64 <= n; i += 64) {
        const __m512i index = _mm512_add_epi8(_mm512_loadu_si512(codes + i), shifts);
        const __m512i low = _mm512_permutex2var_epi8(t0, index, t1), high = _mm512_permutex2var_epi8(t2, index, t3);
        _mm512_storeu_si512(out + i, _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high));
    }
    return i;
}
#endif

}  // namespace

QAT_CLONES void quantizeCodes(const float* __restrict x, uint8_t* __restrict codes, int64_t n, const CodeGrid& grid) {
    const CodeGrid g = grid;
    for (int64_t i = 0; i < n; ++i) codes[i] = byteOf(clipped(__builtin_rintf(x[i] / g.scale) + g.zeroPoint, g));
}

QAT_CLONES void dequantizeCodes(const uint8_t* __restrict codes, float* __restrict x, int64_t n, const CodeGrid& grid) {
    const CodeGrid g = grid;
    const int32_t flip = g.isSigned ? 128 : 0;
    for (int64_t i = 0; i < n; ++i) x[i] = (numberOf(codes[i], flip) - g.zeroPoint) * g.scale;
}

QAT_CLONES void scaleSums(const int32_t* sums, const float* __restrict bias, const float* __restrict factor, float* y,
                          int64_t rows, int64_t channels) {
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < channels; ++c)
            y[r * channels + c] = static_cast<float>(sums[r * channels + c]) * factor[c] + bias[c];
}

QAT_CLONES void scaleBiasedSums(const int32_t* sums, const int32_t* __restrict bias, const float* __restrict factor,
                                float* y, int64_t rows, int64_t channels) {
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < channels; ++c)
            y[r * channels + c] = static_cast<float>(sums[r * channels + c] + bias[c]) * factor[c];
}

QAT_CLONES void roundCodes(const float* __restrict x, uint8_t* __restrict codes, int64_t n, const CodeGrid& grid) {
    const CodeGrid g = grid;
    for (int64_t i = 0; i < n; ++i) codes[i] = byteOf(clipped(__builtin_rintf(x[i]) + g.zeroPoint, g));
}

void lookUp(const uint8_t* codes, const uint8_t* table, uint8_t* out, int64_t n, bool isSigned) {
    const uint8_t shift = isSigned ? 128 : 0;
    int64_t i = 0;
#if defined(__x86_64__)
    static const bool permutes = __builtin_cpu_supports("avx512vbmi");
    if (permutes) i = lookUpPermuting(codes, table, out, n, shift);
#endif
    for (; i < n; ++i) out[i] = table[static_cast<uint8_t>(codes[i] + shift)];
}

QAT_CLONES void addCodes(const uint8_t* __restrict a, const uint8_t* __restrict b, uint8_t* __restrict out, int64_t n,
                         float ratioA, float ratioB, float fixed, const CodeGrid& grid, bool signedA, bool signedB) {
    const CodeGrid g = grid;
    const int32_t flipA = signedA ? 128 : 0, flipB = signedB ? 128 : 0;
    for (int64_t i = 0; i < n; ++i) {
        const float sum = numberOf(a[i], flipA) * ratioA + (numberOf(b[i], flipB) * ratioB + fixed);
        out[i] = byteOf(clipped(__builtin_rintf(sum), g));
    }
}

}  // namespace qat::loops
