// Inner loops of fake quantizers whose codes are no whole numbers: signs and floating point formats. As in
// vector_loops.h every instruction set gives the same bits.
#pragma once

#include <cstdint>

#include "ops/number_format.h"
#include "ops/vector_loops.h"

namespace qat::loops {

// y = s * sign(x), the sign of zero being +1; NaN stays NaN. y may be x.
void binarize(const float* x, float* y, int64_t n, const Grid& grid);
// out = g where |x| <= reach, else 0, times gradFactor; returns sum of g * sign(x). out may be g.
GridSums binarizeBackward(const float* x, const float* g, float* out, int64_t n, float reach, float gradFactor);

// y = s * the number of the format nearest to x / s, half to even, cut at the largest. y may be x.
void roundToFloat(const float* x, float* y, int64_t n, const Grid& grid, NumberFormat format);
// out = g where the rounded number is one of the format, else 0, times gradFactor; sums as quantizeBackwardScale has
// them.
GridSums roundToFloatBackward(const float* x, const float* g, float* out, int64_t n, const Grid& grid,
                              NumberFormat format, float gradFactor, float inside);

}  // namespace qat::loops
