// qat_params.fusion_patterns: which operators become one unit, and so where quantizers stand.
#pragma once

#include <vector>

#include "config/config.h"
#include "config/pattern.h"
#include "graph/graph.h"

namespace qat {

class Fusions {
public:
    // Both must outlive the object.
    Fusions(const Graph& graph, const Config& config);

    // Whether the layer's own result is quantized, in front of its activation: the last fusion that matches it has
    // none.
    bool splitActivation(const Node& layer) const;

private:
    const Graph& m_graph;
    const Config& m_config;
    std::vector<LayerPattern> m_patterns;
};

}  // namespace qat
