// The exponential moving average of everything a model stores: weights, running statistics, quantizer scales.
#pragma once

#include <cstdint>
#include <set>

#include "config/config.h"
#include "graph/graph.h"

namespace qat {

// Zero points are no numbers to average but codes: they are copied as they stand, and so are scales unless the
// configuration averages them. All else follows (Gupta and Asthana 2024, eq. 6 to 8, with a ramp): after update u the
// average moves by decay(u) = decay (1 - exp(-u / tau)): e = decay(u) e + (1 - decay(u)) value.
class Ema {
public:
    // graph() starts as a copy of the model.
    Ema(const Graph& model, const EmaConfig& config);

    void update(const Graph& model);
    // From now on these are copied as they stand, like zero points.
    void freeze(const std::vector<ValueId>& values) { m_copied.insert(values.begin(), values.end()); }
    const Graph& graph() const { return m_graph; }
    Graph& graph() { return m_graph; }
    int64_t updates() const { return m_updates; }
    void restore(int64_t updates) { m_updates = updates; }

private:
    Graph m_graph;
    EmaConfig m_config;
    std::set<ValueId> m_copied;  // zero points, scales that are not averaged, what is frozen
    int64_t m_updates = 0;
};

double emaDecay(const EmaConfig& config, int64_t update);

}  // namespace qat
