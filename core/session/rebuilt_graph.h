// The graph of run folders that have none: earlier versions kept the weights alone.
#pragma once

#include <string>

#include "config/config.h"
#include "graph/graph.h"
#include "import/checkpoint.h"

namespace qat {

// The family's graph, folded, quantized and corrected as the configuration and the names of the stored tensors say.
// Throws Error{BadInput} naming the source for tensors that are of no such graph.
Graph rebuiltGraph(const Checkpoint& weights, const Config& config, const std::string& source);

}  // namespace qat
