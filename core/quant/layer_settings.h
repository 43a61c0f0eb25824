// What the sections, the policies of branches and the patterns of a configuration make of each layer.
#pragma once

#include <string>
#include <vector>

#include "config/pattern.h"
#include "quant/plan.h"
#include "quant/scale_groups.h"

namespace qat {

struct LayerSettings {
    bool skip = false;
    bool activationBitsGiven = false, calibrationGiven = false;  // by a pattern
    Resolved weight, activation;                                 // activation: of the layer's input
    std::string declared{};  // where the network's own description speaks of it; empty where it does not
    LayerValues values;
};

class LayerSettingsResolver {
public:
    // All must outlive the object.
    LayerSettingsResolver(const Graph& graph, const Config& config, const ScaleGroups& scaleGroups);

    LayerSettings of(const Node& layer);
    // Of a grid that no layer reads, but that the network declares.
    Resolved ofDeclared(const DeclaredQuantizer& declared) const;
    // Patterns that no layer asked about so far has matched, a sentence each.
    std::vector<std::string> unmatched() const;

private:
    void applyPolicies(const Node& layer, LayerSettings& settings) const;
    void applyDeclared(const Node& layer, LayerSettings& settings) const;
    LayerSettings ofSections() const;
    LayerConfig counted(LayerConfig entry) const;

    const Graph& m_graph;
    const Config& m_config;
    const ScaleGroups& m_scaleGroups;
    const ValueOrigins m_origins;
    std::vector<LayerPattern> m_patterns;
    std::vector<int> m_hits;
};

}  // namespace qat
