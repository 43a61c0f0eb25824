// The inner loops of our fused kernels: plain loops over contiguous floats that the compiler vectorises, one build per
// instruction set, chosen when the program is loaded. No contraction (see QatelierOptions): every set gives the same
// bits.
#pragma once

#include <cstdint>

namespace qat::loops {

// The grid of a fake quantizer, one scale.
struct Grid {
    float scale, inverse, zeroPoint, qmin, qmax;
};

// What the backward pass of a learned grid adds up: g times the derivative of x^ by the scale, and g of what was
// clipped.
struct GridSums {
    double scale = 0, clipped = 0;
};

// u[r,c] = x[r,c] * a[c] + b[c], rows of `channels`.
void affineRows(const float* x, const float* a, const float* b, float* u, int64_t rows, int64_t channels);
// y = u * sigmoid(u); y may be u.
void silu(const float* u, float* y, int64_t n);
// out = g * d silu(u) / du; out may be g.
void siluBackward(const float* u, const float* g, float* out, int64_t n);
void relu(const float* u, float* y, int64_t n);
void reluBackward(const float* u, const float* g, float* out, int64_t n);
void sigmoid(const float* u, float* y, int64_t n);
// y = (clip(round(x / s) + z) - z) * s, the division as a product with the float inverse; y may be x.
void quantize(const float* x, float* y, int64_t n, const Grid& grid);
// out = g where the rounded value lies on the grid, else 0; out may be g.
void quantizeBackward(const float* x, const float* g, float* out, int64_t n, const Grid& grid, float gradFactor);
// The same for a learned grid, whose derivative by the scale is round(x / s) - x / s inside the range, times `inside`,
// and the code without its zero point where it was clipped.
GridSums quantizeBackwardScale(const float* x, const float* g, float* out, int64_t n, const Grid& grid, float inside);
// sum[c] += column sums; rows of `channels`.
void columnSums(const float* x, double* sum, int64_t rows, int64_t channels);
// squares[c] += column sums of (x - mean)^2.
void columnSquares(const float* x, const float* mean, double* squares, int64_t rows, int64_t channels);
// sumG[c] += sum g, sumGX[c] += sum g * (x - mean) * invStd.
void columnGradients(const float* g, const float* x, const float* mean, const float* invStd, double* sumG,
                     double* sumGX, int64_t rows, int64_t channels);
// g[r,c] = a[c] * (g - meanG[c] - (x - mean[c]) * k[c]), in place.
void normBackwardRows(float* g, const float* x, const float* a, const float* mean, const float* meanG, const float* k,
                      int64_t rows, int64_t channels);
// Smallest and largest of n > 0 finite values; NaN anywhere makes both NaN.
void minMax(const float* x, int64_t n, float& low, float& high);

}  // namespace qat::loops
