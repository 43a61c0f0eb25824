// Integer grids, and the scale and zero point that lay a range onto one.
#pragma once

#include <cstdint>

#include "config/config.h"

namespace qat {

// Codes qmin..qmax. symmetric: zero lies in the middle (zero point 0, or the middle code of an unsigned grid).
struct QuantGrid {
    int bits = 8;
    int64_t qmin = 0, qmax = 255;
    bool symmetric = false;
    bool operator==(const QuantGrid&) const = default;
};

// The grid a configuration asks for. Signed b bits: -2^(b-1) .. 2^(b-1)-1, unsigned 0 .. 2^b-1; reduce_range takes one
// bit off. narrow drops the most negative code of a symmetric signed grid: weights use it everywhere, since only then
// does every export format (and a change of sign when a batch norm is folded) mean the same numbers.
QuantGrid gridFor(const TensorQuantConfig& config, bool narrow);

struct QParams {
    float scale = 1;
    float zeroPoint = 0;  // integral
    bool operator==(const QParams&) const = default;
};

// Scale and zero point for values in [low, high], extended to contain zero (torch.ao's rules, in float32):
//     symmetric: scale = max(-low, high) / ((qmax - qmin) / 2), zero point 0, or the middle code if qmin >= 0
//     affine:    scale = (high - low) / (qmax - qmin), zero point = clip(qmin - round(low / scale), qmin, qmax)
// scale is at least `smallest`. Throws Error{BadInput} if a bound is not finite or low > high.
QParams chooseQParams(float low, float high, const QuantGrid& grid, float smallest = 1.1920929e-7f);

// config eps is meant for 8 bits; finer grids get a proportionally smaller floor.
float scaleFloor(double eps, int bits);

}  // namespace qat
