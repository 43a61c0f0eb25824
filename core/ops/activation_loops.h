// The loops of the activations that have no part in the first models, forward and back; relu, SiLU and sigmoid stand in
// vector_loops.h. y may be u, out may be g. NaN stays NaN.
#pragma once

#include <cstdint>

namespace qat::loops {

// y = f(u).
using ForwardLoop = void(const float* u, float* y, int64_t n, float slope);
ForwardLoop leakyRelu, relu6, hardswish, hardSigmoid, hardTanh, tanh, elu, mish, gelu, geluTanh;

// out = g f'(u); where f has a corner, the derivative of its flat side.
using BackwardLoop = void(const float* u, const float* g, float* out, int64_t n, float slope);
BackwardLoop leakyReluBackward, relu6Backward, hardswishBackward, hardSigmoidBackward, hardTanhBackward, tanhBackward,
    eluBackward, mishBackward, geluBackward, geluTanhBackward;

}  // namespace qat::loops
