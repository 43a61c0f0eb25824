// The heads that a graph is trained by.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace qat {

// The outputs with their raw maps, one a stride; empty where there is no such head.
struct TrainedHeads {
    std::vector<std::string> one;   // of the head that says every object once
    std::vector<std::string> many;  // of the head that needs non-maximum suppression, which a single head is as a rule
    std::vector<std::string> all() const;  // in this order
};

TrainedHeads trainedHeads(const Graph& graph);

}  // namespace qat
