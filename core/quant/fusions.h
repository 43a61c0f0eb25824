// qat_params.fusion_patterns against the graph: which operators become one unit, and so where quantizers stand.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/pattern.h"
#include "graph/graph.h"

namespace qat {

// A layer and what alone reads it on, in the words of fusion_patterns: conv or linear, then bn, then the
// name of an activation.
std::vector<std::string> unitOf(const Graph& graph, const Node& layer);

// The activation among modules; "" if there is none.
std::string activationOf(const std::vector<std::string>& modules);

// Whether a unit begins with these modules.
bool beginsWith(const std::vector<std::string>& unit, const std::vector<std::string>& modules);

class Fusions {
public:
    // Both must outlive the object.
    Fusions(const Graph& graph, const Config& config);

    // Whether the layer's own result is quantized, before its activation: the last fusion that matches it has
    // none. A fusion with another activation than the layer's is none of this layer. Batch norms may be folded already.
    bool splitActivation(const Node& layer);

    // Fusions that named another activation than a layer asked about so far has, a sentence each.
    std::vector<std::string> unmatchedFusions() const;

private:
    const Graph& m_graph;
    const Config& m_config;
    std::vector<LayerPattern> m_patterns;
    std::vector<std::vector<std::string>> m_misfits;  // layers by pattern
};

}  // namespace qat
