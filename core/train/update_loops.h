// The inner loops of the optimizers and of weight averaging, vectorised like ops/vector_loops.h.
#pragma once

#include <cstdint>
#include <utility>

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

struct MuonStep {
    float lr, momentum, clip;
};
// m = momentum m + (1 - momentum) g, u = momentum m + (1 - momentum) g, g the clipped gradient.
void muonMoments(const float* g, float* m, float* u, int64_t n, const MuonStep& step);

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

// Sum and number of the distances of w / scale to the nearest boundary between two codes, in steps, where it is in qmin
// .. qmax.
std::pair<double, int64_t> boundaryDistances(const float* w, int64_t n, float inverseScale, float qmin, float qmax);

constexpr int8_t kFree = -128;  // no code: the weight is not frozen

struct FreezeState {
    const int8_t* code;  // that of the weight now
    float* frequency;
    float* mean;     // of the codes, moving average
    int8_t* frozen;  // kFree, or the code the weight is held on
};
// Freezes what is free and above the threshold on round(mean), where it no longer oscillates, then moves the means.
// Returns how many froze.
int64_t freezeOscillating(float* w, const FreezeState& state, int64_t n, float scale, float threshold, float momentum);
// w = frozen scale where it is frozen.
void holdFrozen(float* w, const int8_t* frozen, int64_t n, float scale);
// g = 0 where it is frozen; returns the sum of g frozen there.
double takeFrozen(float* g, const int8_t* frozen, int64_t n);

struct DampenStep {
    float scale, inverse, qmin, qmax;  // of the grid, the latter two without the zero point
    float factor;
};
// g += factor (w - w^), w^ the nearest value of the grid, where w lies within the grid. Returns the sum of (w - w^)^2
// there.
double dampen(const float* w, float* g, int64_t n, const DampenStep& step);

}  // namespace qat::loops
