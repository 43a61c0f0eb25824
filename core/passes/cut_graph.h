// A part of a graph as a graph of its own.
#pragma once

#include "graph/graph.h"

namespace qat {

// What makes `to` of `from`, which becomes the only input; the output is called as the value `to` is. Stored values are
// shared. Throws Error{BadInput} naming an input of the graph that is needed besides.
Graph graphBetween(const Graph& graph, ValueId from, ValueId to);

}  // namespace qat
