// Stored values as passes read and replace them, and who reads a value.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "graph/graph.h"

namespace qat {

inline at::Tensor storedData(const Graph& graph, ValueId id) {
    return graph.value(id).data->detach();
}

// Shape and tensor; the memory order is that of the new tensor.
inline void replaceData(Graph& graph, ValueId id, at::Tensor tensor) {
    graph.value(id).shape = tensor.sizes().vec();
    graph.value(id).data = std::make_shared<at::Tensor>(std::move(tensor));
}

// One node, and no output.
inline bool hasOneReader(const Graph& graph, ValueId value) {
    const bool isOutput = std::ranges::find(graph.outputs(), value, &GraphOutput::value) != graph.outputs().end();
    return !isOutput && graph.users(value).size() == 1;
}

}  // namespace qat
