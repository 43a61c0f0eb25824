// Inner loops on codes: bytes that hold uint8 or int8 numbers. As in vector_loops.h every instruction set gives the
// same bits.
#pragma once

#include <cstdint>

namespace qat::loops {

// Codes qmin..qmax around a zero point; isSigned: stored as int8, else uint8.
struct CodeGrid {
    float scale = 1, zeroPoint = 0, qmin = 0, qmax = 255;
    bool isSigned = false;
};

// codes = clip(round(x / scale) + zeroPoint, qmin, qmax): a true division, as ONNX defines it.
void quantizeCodes(const float* x, uint8_t* codes, int64_t n, const CodeGrid& grid);
// x = (code - zeroPoint) * scale.
void dequantizeCodes(const uint8_t* codes, float* x, int64_t n, const CodeGrid& grid);
// y[r,c] = float(sums[r,c]) * factor[c] + bias[c], rows of `channels`; y may be sums.
void scaleSums(const int32_t* sums, const float* bias, const float* factor, float* y, int64_t rows, int64_t channels);
// y[r,c] = float(sums[r,c] + bias[c]) * factor[c]; y may be sums.
void scaleBiasedSums(const int32_t* sums, const int32_t* bias, const float* factor, float* y, int64_t rows,
                     int64_t channels);
// codes = clip(round(x) + zeroPoint, qmin, qmax); the grid's scale is not used.
void roundCodes(const float* x, uint8_t* codes, int64_t n, const CodeGrid& grid);
// out[i] = table[codes[i]], or table[codes[i] + 128] for int8; out may be codes.
void lookUp(const uint8_t* codes, const uint8_t* table, uint8_t* out, int64_t n, bool isSigned);
// codes = clip(round(a ratioA + (b ratioB + fixed)), qmin, qmax) on the numbers that the bytes hold.
void addCodes(const uint8_t* a, const uint8_t* b, uint8_t* out, int64_t n, float ratioA, float ratioB, float fixed,
              const CodeGrid& grid, bool signedA, bool signedB);

}  // namespace qat::loops
