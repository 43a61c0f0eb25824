// Stored values as passes read and replace them.
#pragma once

#include <ATen/core/Tensor.h>

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

}  // namespace qat
