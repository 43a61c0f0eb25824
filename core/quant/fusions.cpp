// Matching layers with fusions.
#include "quant/fusions.h"

#include <algorithm>

#include "base/error.h"
#include "config/fields.h"

namespace qat {
namespace {

// The only node that reads the value; nullptr if there are more, or it is an output of the graph.
const Node* onlyReader(const Graph& graph, ValueId value) {
    if (std::ranges::find(graph.outputs(), value, &GraphOutput::value) != graph.outputs().end()) return nullptr;
    const auto users = graph.users(value);
    return users.size() == 1 ? &graph.node(users.front()) : nullptr;
}

}  // namespace

std::vector<std::string> unitOf(const Graph& graph, const Node& layer) {
    std::vector<std::string> unit{std::string(traitsOf(layer.op).layer.word)};
    const Node* next = onlyReader(graph, layer.outputs.front());
    if (next && std::holds_alternative<BatchNorm>(next->op)) {
        unit.emplace_back("bn");
        next = onlyReader(graph, next->outputs.front());
    }
    const auto* activation = next ? std::get_if<Activation>(&next->op) : nullptr;
    if (activation) unit.emplace_back(kActivationNames[static_cast<size_t>(activation->kind)]);
    return unit;
}

std::string activationOf(const std::vector<std::string>& modules) {
    const std::string last = modules.empty() ? "" : modules.back();
    return isActivationName(last) ? last : "";
}

bool beginsWith(const std::vector<std::string>& unit, const std::vector<std::string>& modules) {
    return modules.size() <= unit.size() && std::equal(modules.begin(), modules.end(), unit.begin());
}

Fusions::Fusions(const Graph& graph, const Config& config) : m_graph(graph), m_config(config) {
    for (const FusionPattern& entry : config.qat.fusionPatterns) m_patterns.emplace_back(entry.pattern);
    m_misfits.resize(m_patterns.size());
}

bool Fusions::splitActivation(const Node& layer) {
    if (!m_config.qat.fuseModules) return false;
    const auto aliases = layerAliases(m_graph, layer.name);
    const std::string follows = activationOf(unitOf(m_graph, layer));
    bool splits = false;
    for (size_t i = 0; i < m_patterns.size(); ++i) {
        if (!m_patterns[i].matches(layer.name, aliases)) continue;
        const std::string stated = activationOf(m_config.qat.fusionPatterns[i].modules);
        if (!stated.empty() && stated != follows)
            m_misfits[i].push_back(layer.name);
        else
            splits = stated.empty();
    }
    return splits && !follows.empty();
}

std::vector<std::string> Fusions::unmatchedFusions() const {
    std::vector<std::string> sentences;
    for (size_t i = 0; i < m_misfits.size(); ++i) {
        const auto& layers = m_misfits[i];
        if (layers.empty()) continue;
        sentences.push_back(str(kFusionPatternsPath, "[", i, "] names ",
                                activationOf(m_config.qat.fusionPatterns[i].modules), ", which does not follow ",
                                layers.front(),
                                layers.size() > 1 ? str(" and ", layers.size() - 1, " more of its layers") : "",
                                ": it does not act there"));
    }
    return sentences;
}

}  // namespace qat
