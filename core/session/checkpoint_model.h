// The network in a checkpoint: its family's graph with the file's tensors.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "import/checkpoint.h"
#include "models/layout.h"
#include "models/weights.h"

namespace qat {

struct CheckpointModel {
    Graph graph;                       // batch norms unless the file has them folded
    std::vector<std::string> ignored;  // entries of the file that the model has no use for
    std::vector<std::string> notes{};  // sentences about the file (session/checkpoint_notes.h)
};

// Whatever module the network was a part of when it was stored. Throws Error{BadInput} naming the source: if it is of
// no known family, what it holds instead and what can be read; the tensor that is missing, ill-shaped or unsound.
// table: the network that it must be, whatever the file says of it, but for the number of classes and the anchors; then
// a layer of the file that the table lacks is an error too.
CheckpointModel modelIn(Checkpoint checkpoint, const std::string& source, const Layout* table = nullptr);

NamedTensors tensorsOf(const Checkpoint& checkpoint);

// Those of the checkpoint, if it has one for each class.
void adoptClassNames(Graph& graph, const Checkpoint& checkpoint);

// Throws Error{BadInput} naming the source and the first tensor with values that are not finite, or variances below 0.
void requireSound(const Graph& graph, const std::string& source);

}  // namespace qat
