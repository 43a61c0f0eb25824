#include "task/trained_heads.h"

namespace qat {

std::vector<std::string> TrainedHeads::all() const {
    std::vector<std::string> names = one;
    names.insert(names.end(), many.begin(), many.end());
    return names;
}

TrainedHeads trainedHeads(const Graph& graph) {
    std::vector<std::string> deployed = graph.outputNames(OutputRole::RawHead);
    std::vector<std::string> other = graph.outputNames(OutputRole::OtherRawHead);
    if (graph.info.head == kOneToOne) return {std::move(deployed), std::move(other)};
    return {std::move(other), std::move(deployed)};
}

}  // namespace qat
