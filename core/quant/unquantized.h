// A network seen without its quantizers.
#pragma once

#include "graph/graph.h"

namespace qat {

// The same nodes without fake quantizers. Value ids are those of the graph and stored values are shared with it, so
// what is trained in one is trained in the other.
Graph withoutQuantizers(const Graph& graph);

// The value that withoutQuantizers() has in place of this one: what goes into its quantizer, or itself.
ValueId unquantized(const Graph& graph, ValueId value);

}  // namespace qat
