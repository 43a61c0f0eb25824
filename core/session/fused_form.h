// Files of networks whose layers were made one before they were stored.
#pragma once

#include "graph/graph.h"
#include "models/weights.h"

namespace qat {

// Takes from a network without tensors what the file has none for: batch norms become part of their convolutions, the
// smaller of parallel convolutions part of the larger (passes/merge_parallel_convs.h). What is left is called as in the
// file: a merged layer X.conv1.conv may be stored as X.conv.
void adoptFusedForm(Graph& graph, const NamedTensors& stored);

}  // namespace qat
