// Fake quantization of a whole tensor, with its straight-through and learned-step gradients.
#pragma once

#include "graph/types.h"
#include "ops/op.h"
#include "ops/vector_loops.h"

namespace qat {

// x: any float tensor. scale, zeroPoint: as FakeQuantize has them. Result has the sizes and strides of x.
// Differentiable in x, in scale unless the mode is Ste, and in zeroPoint with op.learnOffset.
at::Tensor fakeQuantize(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& scale,
                        const at::Tensor& zeroPoint);

// The codes of x as float: whole numbers, signs, or numbers of a floating point format.
at::Tensor quantizedCodes(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& scale,
                          const at::Tensor& zeroPoint);

// What a quantizer computes with, from what its inputs hold: a scale below the op's floor counts as the floor.
at::Tensor plainScales(const FakeQuantize& op, const at::Tensor& scale);
at::Tensor plainZeroPoints(const FakeQuantize& op, const at::Tensor& zeroPoint);
// What the scale input holds for a scale > 0.
float heldScale(const FakeQuantize& op, float scale);
// The least that it may hold, which is what stands for the op's floor; minus infinity without one.
float leastHeldScale(const FakeQuantize& op);

// One number for each scale, repeated for the elements of a tensor with the sizes of x that share it; broadcasts
// against x.
at::Tensor spreadOver(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& perScale);
// Scales that a tensor of this shape needs.
int64_t scaleCount(const FakeQuantize& op, const Shape& shape);

// One grid of the op, from what its inputs hold for it.
loops::Grid gridOf(const FakeQuantize& op, float scale, float zeroPoint);

// n contiguous floats on one grid. The second returns the sums behind the gradients of the grid; out may be g.
void quantizeBlock(const FakeQuantize& op, const loops::Grid& grid, const float* x, float* y, int64_t n);
loops::GridSums quantizeBlockBackward(const FakeQuantize& op, const loops::Grid& grid, const float* x, const float* g,
                                      float* out, int64_t n);

// Factor of the scale's gradient (Esser et al. 2020): gradFactor / sqrt(N qmax), N = elements that share the scale in
// one image (activations) or in the tensor (weights). shape: that of x.
double scaleGradientFactor(const FakeQuantize& op, const Shape& shape);

// Gradients of what the inputs hold. Pact moves the end of the range, a = scale * reach, by its own gradient, the sum
// of g beyond it (Choi et al. 2018); Log2 and PowerOfTwo pass their rounding and take the chain rule. A learned zero
// point moves as an offset b = -scale * zero point would (Bhalgat et al. 2020): the gradient of b, in codes. shape:
// that of x.
double scaleGradient(const FakeQuantize& op, const Shape& shape, const loops::Grid& grid, const loops::GridSums& sums);
// Gradient of a^2 / 2, moved like Pact's own: times the weight of the L2 penalty on a, it can be added to that one.
// scales: held.
at::Tensor clipPenaltyGradient(const FakeQuantize& op, const at::Tensor& scales);
double zeroPointGradient(const FakeQuantize& op, const Shape& shape, const loops::Grid& grid,
                         const loops::GridSums& sums);

// Smallest and largest element, {NaN, NaN} if any is not a number. x must not be empty.
std::pair<float, float> tensorMinMax(const at::Tensor& x);

}  // namespace qat
