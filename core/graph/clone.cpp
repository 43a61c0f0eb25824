// Copying a graph with its tensors.
#include <ATen/ATen.h>

#include "graph/graph.h"

namespace qat {

Graph Graph::clone(bool copyTensors) const {
    Graph copy = *this;
    if (!copyTensors) return copy;
    for (Value& value : copy.m_values)
        if (value.data) value.data = std::make_shared<at::Tensor>(value.data->detach().clone());
    return copy;
}

}  // namespace qat
