// What the sections, the policies of branches and the patterns of a configuration make of each layer.
#pragma once

#include <string>
#include <vector>

#include "config/pattern.h"
#include "quant/plan.h"

namespace qat {

struct LayerSettings {
    bool skip = false;
    bool activationBitsGiven = false, calibrationGiven = false;  // by a pattern
    Resolved weight, activation;                                 // activation: of the layer's input
    LayerValues values;
};

class LayerSettingsResolver {
public:
    // Both must outlive the object.
    LayerSettingsResolver(const Graph& graph, const Config& config);

    LayerSettings of(const Node& layer);
    // Patterns that no layer asked about so far has matched, a sentence each.
    std::vector<std::string> unmatched() const;

private:
    void applyPolicies(const Node& layer, LayerSettings& settings) const;
    LayerConfig counted(LayerConfig entry) const;

    const Graph& m_graph;
    const Config& m_config;
    const ValueOrigins m_origins;
    std::vector<LayerPattern> m_patterns;
    std::vector<int> m_hits;
};

}  // namespace qat
