// Matching layers with fusions.
#include "quant/fusions.h"

#include <algorithm>

namespace qat {

Fusions::Fusions(const Graph& graph, const Config& config) : m_graph(graph), m_config(config) {
    for (const FusionPattern& entry : config.qat.fusionPatterns) m_patterns.emplace_back(entry.pattern);
}

bool Fusions::splitActivation(const Node& layer) const {
    if (!m_config.qat.fuseModules) return false;
    bool splits = false;
    const auto aliases = layerAliases(m_graph, layer);
    for (size_t i = 0; i < m_patterns.size(); ++i) {
        if (!m_patterns[i].matches(layer.name, aliases)) continue;
        const auto& modules = m_config.qat.fusionPatterns[i].modules;
        splits = std::ranges::none_of(modules,
                                      [](const std::string& module) { return module == "relu" || module == "silu"; });
    }
    return splits;
}

}  // namespace qat
