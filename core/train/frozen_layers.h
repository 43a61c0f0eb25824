// Layers that take no part in training.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace qat {

// Weights and biases of the layers that a pattern is found in (by name or alias) get no gradient from now on; their
// learned scales go on learning. Returns them. Throws Error{BadInput} naming the pattern that matches no layer.
std::vector<ValueId> freezeLayers(Graph& graph, const std::vector<std::string>& patterns);

}  // namespace qat
