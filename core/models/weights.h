// Weights by name: what a graph's state dict is, filling a graph from one, counting.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace qat {

using NamedTensors = std::vector<std::pair<std::string, TensorPtr>>;

// Stored values of the graph that torch's state_dict has too, in order of first use. Tensors are shared, not copied.
NamedTensors stateDict(const Graph& graph);

// Gives the tensors to the stored values of the same names: floats that are contiguous are shared with the graph, the
// others converted. Returns the names the graph does not know, without counters. Throws Error{BadInput} naming the
// first missing or ill-shaped entry; `source` (a file) leads the message.
std::vector<std::string> loadWeights(Graph& graph, const NamedTensors& tensors, const std::string& source);

// A sentence for every stored tensor that no network computes with: values that are not finite (NaN, infinity),
// variances below 0. Empty of a sound model.
std::vector<std::string> unsoundValues(const Graph& graph);

// Weights and biases, the frozen expectation weights included.
int64_t parameterCount(const Graph& graph);

// Multiply-accumulates of one node or of all layers and products of data (ops/op_traits.h), one image, at the shapes of
// the last probe.
int64_t macsOf(const Graph& graph, const Node& node);
int64_t macsOf(const Graph& graph);

}  // namespace qat
