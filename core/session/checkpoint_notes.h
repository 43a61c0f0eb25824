// What people must know of a checkpoint beside its network: sentences for logs, `inspect` and `check`.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "import/checkpoint.h"

namespace qat {

// What the file holds and was left (Checkpoint::notes), ranges of other programs' quantizers among it, and which of two
// networks was taken where weights alone do not say. `graph` is the one that was built.
std::vector<std::string> notesOn(const Checkpoint& checkpoint, const Graph& graph);

// One sentence for all entries that a model has no use for, the first ones by name; "" of none.
std::string ignoredSentence(const std::vector<std::string>& entries);

}  // namespace qat
