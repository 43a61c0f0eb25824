// How many low-bit weights swing between two codes during training (Nagel et al. 2022).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "quant/quantizer_set.h"

namespace qat {

struct OscillationShare {
    std::string layer;
    int bits = 0;
    double share = 0;          // of weights whose frequency exceeds 0.005
    double meanFrequency = 0;  // oscillations a step, moving average of momentum 0.01
};

// Follows the integer codes of every weight quantizer of at most 4 bits. An oscillation at a step is a change of code
// in the direction opposite to the weight's previous change.
class OscillationTracker {
public:
    OscillationTracker(const Graph& graph, const QuantizerSet& quantizers);

    void step(const Graph& graph);  // after each optimiser step
    std::vector<OscillationShare> shares() const;
    // Weighted over all tracked weights, 0 if there are none.
    double totalShare() const;

    using State = std::vector<std::pair<std::string, TensorPtr>>;
    State state() const;
    void restore(const State& state);  // throws Error{BadInput} if it does not fit

private:
    struct Tracked {
        std::string layer;
        FakeQuantize op;
        ValueId weight, scale, zeroPoint;
        TensorPtr code, direction, frequency;  // int8, int8, float, shaped like the weight
    };
    void track(const Graph& graph, Tracked& tracked, bool first);

    std::vector<Tracked> m_tracked;
};

}  // namespace qat
