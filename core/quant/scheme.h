// Grids, and the scale and zero point that lay a range onto one.
#pragma once

#include <cstdint>

#include "config/config.h"
#include "ops/number_format.h"

namespace qat {

// Codes qmin..qmax. symmetric: zero lies in the middle (zero point 0, or the middle code of an unsigned grid). Binary
// grids have the codes -1 and 1; those of floating point formats are its numbers, from -largest to largest.
struct QuantGrid {
    int bits = 8;
    int64_t qmin = 0, qmax = 255;
    bool symmetric = false;
    NumberFormat format = NumberFormat::Integer;
    bool powerOfTwo = false;  // of the scale
    bool operator==(const QuantGrid&) const = default;
};

// The grid a configuration asks for. Signed b bits: -2^(b-1) .. 2^(b-1)-1, unsigned 0 .. 2^b-1; reduce_range takes one
// bit off; narrow_range drops the most negative code of a symmetric signed grid: weights do by default, since only then
// does every export format (and a change of sign when a batch norm is folded) mean the same numbers. 2 bits are then
// ternary: -1, 0, 1. One signed bit is binary. Throws Error{BadInput} if the width is not one of the type, or one
// signed bit is not symmetric.
QuantGrid gridFor(const TensorQuantConfig& config);

struct QParams {
    float scale = 1;
    float zeroPoint = 0;  // integral
    bool operator==(const QParams&) const = default;
};

// Scale and zero point for values in [low, high], extended to contain zero (torch.ao's rules, in float32):
//     symmetric: scale = max(-low, high) / ((qmax - qmin) / 2), zero point 0, or the middle code if qmin >= 0
//                (for floating point formats that is largest; Half is not scaled: 1)
//     affine:    scale = (high - low) / (qmax - qmin), zero point = clip(qmin - round(low / scale), qmin, qmax)
// A power of two is the one nearest on the logarithmic axis. scale is at least `smallest`. Throws Error{BadInput} if a
// bound is not finite or low > high.
QParams chooseQParams(float low, float high, const QuantGrid& grid, float smallest = 1.1920929e-7f);

// config eps is meant for 8 bits; finer grids get a proportionally smaller floor, not below float's own epsilon.
float scaleFloor(double eps, int bits);

}  // namespace qat
