// Iterative freezing: a weight that oscillates too often is held on its mean code (Nagel et al. 2022, algorithm 1).
#pragma once

#include <vector>

#include "train/oscillation.h"

namespace qat {

// A weight freezes at the step at which its frequency exceeds the threshold, on round(mean code before the step);
// mean code m = momentum * code + (1 - momentum) * m. From then on the weight is scale times that code: it
// follows the scale and gets no gradient, but a learned scale gets its share of it. Its frequency starts again at 0.
class WeightFreezer {
public:
    WeightFreezer(const OscillationTracker& tracker, double momentum);

    // After the tracker's step.
    void step(Graph& graph, double threshold);
    // Puts frozen weights back on their codes, in the trained graph or in a copy of it.
    void hold(Graph& graph) const;
    // Before the optimizer's step: hands the gradients of frozen weights on to their scales and removes them.
    void takeGradients(Graph& graph) const;
    // Releases all weights and starts from the codes the tracker has.
    void restart();

    // Share of a layer's weights, in the order of the tracker's.
    double share(size_t index) const;
    double totalShare() const;

    OscillationTracker::State state() const;
    void restore(const OscillationTracker::State& state);  // throws Error{BadInput} if it does not fit

private:
    struct Frozen {
        TensorPtr mean, code;  // float, int8 (free: kFree), like the tracker's codes
        int64_t count = 0;
    };

    const OscillationTracker& m_tracker;
    float m_momentum;
    std::vector<Frozen> m_frozen;
};

}  // namespace qat
