// What is done about oscillating weights in a training: they are followed, dampened and frozen, as the configuration
// says.
#pragma once

#include <optional>
#include <vector>

#include "config/config.h"
#include "train/freeze_weights.h"
#include "train/oscillation.h"

namespace qat {

class Stabilizer {
public:
    Stabilizer(Graph& graph, const QuantizerSet& quantizers, const OscillationConfig& config);
    Stabilizer(const Stabilizer&) = delete;
    Stabilizer& operator=(const Stabilizer&) = delete;

    // Before the optimizer's step, with the gradients of `images` images; `progress` is the share of the training
    // that is done. Returns the dampening loss of one image, its weight included; 0 if there is none.
    double beforeStep(double progress, int64_t images);
    // After the optimizer's step.
    void afterStep(double progress);
    // Puts frozen weights back on their codes after scales have moved, in the trained graph or a copy of it.
    void hold(Graph& graph) const;
    // The widths of quantizers have changed: codes are counted anew.
    void restart();

    bool reports() const { return m_config.track; }  // what it follows
    bool dampens() const { return m_config.dampen.enabled(); }
    bool freezes() const { return m_freezer.has_value(); }
    size_t weights() const { return m_weights.size(); }  // tensors on low-bit grids
    std::vector<OscillationShare> shares() const;
    double oscillating() const { return m_tracker ? m_tracker->totalShare() : 0; }
    double frozen() const { return m_freezer ? m_freezer->totalShare() : 0; }

    OscillationTracker::State state() const;
    void restore(const OscillationTracker::State& state);  // throws Error{BadInput} if it does not fit

private:
    Graph& m_graph;
    OscillationConfig m_config;
    std::vector<LowBitWeight> m_weights;
    std::optional<OscillationTracker> m_tracker;
    std::optional<WeightFreezer> m_freezer;
};

}  // namespace qat
