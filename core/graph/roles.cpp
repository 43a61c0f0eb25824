// Asking a graph for things by what they are, and for what else they are called.
#include "base/error.h"
#include "graph/graph.h"

namespace qat {

std::vector<std::string> headOutputs(const Graph& graph) {
    std::vector<std::string> names = graph.outputNames(OutputRole::RawHead);
    if (names.empty() && !graph.outputs().empty()) names.push_back(graph.outputs().front().name);
    return names;
}

std::string decodedOutput(const Graph& graph) {
    const auto names = graph.outputNames(OutputRole::Decoded);
    require(!names.empty(), ErrorKind::BadInput, "the model has no decoded output");
    return names.front();
}

std::vector<std::string> layerAliases(const Graph& graph, std::string_view name) {
    std::vector<std::string> aliases;
    for (const auto& [stored, known] : graph.aliases)
        if (name.starts_with(stored)) aliases.push_back(str(known, name.substr(stored.size())));
    return aliases;
}

}  // namespace qat
