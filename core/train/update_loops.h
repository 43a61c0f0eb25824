// The inner loops of the optimizers and of weight averaging, vectorised like ops/vector_loops.h.
#pragma once

#include <cstdint>

namespace qat::loops {

struct SgdStep {
    float lr, momentum, decay, clip;  // clip: factor of the gradient
};
// m = momentum m + g, p -= lr (g + momentum m), g the clipped gradient plus decay p.
void sgdStep(float* p, const float* g, float* m, int64_t n, const SgdStep& step);

struct AdamStep {
    float lr, beta1, beta2, correction1, correction2, eps;
    float decay, decoupledDecay, clip;  // decay adds to the gradient, decoupledDecay shrinks the weight (AdamW)
};
void adamStep(float* p, const float* g, float* m, float* v, int64_t n, const AdamStep& step);

double sumOfSquares(const float* x, int64_t n);
// e = decay e + (1 - decay) v
void average(float* e, const float* v, int64_t n, float decay);

// One training step's view of quantized weights: code = round(w / scale) clipped. An oscillation is a change of code
// against the direction of its last change; frequency is their moving average.
struct OscillationState {
    int8_t* code;       // last code
    int8_t* direction;  // of its last change: -1, 0 (none yet), 1
    float* frequency;
};
void trackOscillation(const float* w, const OscillationState& state, int64_t n, float inverseScale, float qmin,
                      float qmax, float momentum);

}  // namespace qat::loops
