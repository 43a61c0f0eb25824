// How often low-bit weights swing between two codes during training (Nagel et al. 2022).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "train/low_bit_weights.h"

namespace qat {

// What is told of one layer.
struct OscillationShare {
    std::string layer;
    int bits = 0;
    double share = 0;          // of weights whose frequency exceeds 0.005
    double meanFrequency = 0;  // oscillations a step, moving average
    double boundaryDistance =
        0;              // mean distance to the nearest rounding boundary in steps, 0 to 0.5, of weights within the grid
    double frozen = 0;  // share of weights held on their code
};

// Follows the integer codes of every low-bit weight. An oscillation at a step is a change of code in the direction
// opposite to the weight's previous change; frequency f = momentum * oscillated + (1 - momentum) * f.
class OscillationTracker {
public:
    struct Codes {
        LowBitWeight weight;
        TensorPtr code, direction, frequency;  // int8, int8, float, in the memory order of gridRuns()
    };

    OscillationTracker(const Graph& graph, const QuantizerSet& quantizers, double momentum = 0.01);

    void step(const Graph& graph);  // after each optimiser step
    // Forgets frequencies and directions and starts from the codes as they are.
    void restart(const Graph& graph);
    const std::vector<Codes>& codes() const { return m_codes; }
    std::vector<OscillationShare> shares(const Graph& graph) const;
    // Weighted over all tracked weights, 0 if there are none.
    double totalShare() const;

    using State = std::vector<std::pair<std::string, TensorPtr>>;
    State state() const;
    void restore(const State& state);  // throws Error{BadInput} if it does not fit

private:
    void track(const Graph& graph, const Codes& codes) const;

    float m_momentum;
    std::vector<Codes> m_codes;
};

// Signed codes as unsigned bytes, the form checkpoints keep, and back. restoreState throws Error{BadInput} naming the
// layer where `state` lacks the name or has another shape.
TensorPtr codesAsBytes(const at::Tensor& codes);
void restoreState(const OscillationTracker::State& state, const std::string& layer, const char* suffix,
                  at::Tensor& target);

}  // namespace qat
