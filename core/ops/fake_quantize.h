// Fake quantization of a whole tensor, with its straight-through and learned-step gradients.
#pragma once

#include "graph/types.h"
#include "ops/op.h"
#include "ops/vector_loops.h"

namespace qat {

// x: any float tensor. scale, zeroPoint: float [1] or [C] along op.axis. Result has the sizes and strides of x.
// Differentiable in x (both modes) and scale (Lsq).
at::Tensor fakeQuantize(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& scale, const at::Tensor& zeroPoint);

// The integer codes of x on the same grid, as float.
at::Tensor quantizedCodes(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& scale, const at::Tensor& zeroPoint);

// One grid of the op: channel 0 for a per-tensor quantizer. LSQ scales may wander below zero: their magnitude counts.
loops::Grid gridOf(const FakeQuantize& op, float scale, float zeroPoint);

// Factor of the scale's gradient (Esser et al. 2020): gradFactor / sqrt(N qmax), N = elements that share the scale in
// one image (activations) or in the tensor (weights). shape: that of x.
double scaleGradientFactor(const FakeQuantize& op, const Shape& shape);

// Smallest and largest element, {NaN, NaN} if any is not a number. x must not be empty.
std::pair<float, float> tensorMinMax(const at::Tensor& x);

}  // namespace qat
