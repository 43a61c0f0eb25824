// The order of things around a step.
#include "train/stabilizer.h"

#include "train/dampen_weights.h"
#include "train/schedule.h"

namespace qat {

Stabilizer::Stabilizer(Graph& graph, const QuantizerSet& quantizers, const OscillationConfig& config)
    : m_graph(graph), m_config(config), m_weights(lowBitWeights(graph, quantizers)) {
    if (config.track || config.freeze.enabled()) m_tracker.emplace(graph, quantizers, config.momentum);
    if (config.freeze.enabled()) m_freezer.emplace(*m_tracker, config.momentum);
}

double Stabilizer::beforeStep(double progress, int64_t images) {
    const DampenConfig& how = m_config.dampen;
    const double weight = annealed(how.startWeight, how.weight, how.begin, how.end, progress);
    const double loss = weight > 0 ? weight * dampen(m_graph, m_weights, weight * static_cast<double>(images)) : 0;
    if (m_freezer) m_freezer->takeGradients(m_graph);
    return loss;
}

void Stabilizer::afterStep(double progress) {
    hold(m_graph);
    if (m_tracker) m_tracker->step(m_graph);
    if (!m_freezer) return;
    const FreezeConfig& how = m_config.freeze;
    const double never = 2;  // no frequency exceeds 1
    m_freezer->step(m_graph, progress < how.begin
                                 ? never
                                 : annealed(how.startThreshold, how.threshold, how.begin, how.end, progress));
}

void Stabilizer::hold(Graph& graph) const {
    if (m_freezer) m_freezer->hold(graph);
}

void Stabilizer::restart() {
    if (m_tracker) m_tracker->restart(m_graph);
    if (m_freezer) m_freezer->restart();
}

std::vector<OscillationShare> Stabilizer::shares() const {
    if (!reports()) return {};
    std::vector<OscillationShare> shares = m_tracker->shares(m_graph);
    for (size_t i = 0; m_freezer && i < shares.size(); ++i) shares[i].frozen = m_freezer->share(i);
    return shares;
}

OscillationTracker::State Stabilizer::state() const {
    OscillationTracker::State state;
    if (m_tracker) state = m_tracker->state();
    if (!m_freezer) return state;
    for (auto& entry : m_freezer->state()) state.push_back(std::move(entry));
    return state;
}

void Stabilizer::restore(const OscillationTracker::State& state) {
    if (m_tracker) m_tracker->restore(state);
    if (m_freezer) m_freezer->restore(state);
}

}  // namespace qat
