// Makes one convolution of several that read the same tensor and whose results are only added, which is what
// re-parametrized blocks (RepConv, RepVGGDW) are once they are trained.
//
//     y = Conv2d(x, v, a) + Conv2d(x, w, b)      ->      y = Conv2d(x, v + w padded with zeros, a + b)
//
// Fires where the convolutions have the same stride, groups and channels, odd kernels with half of them as padding, and
// nothing between them and the addition but batch norms, which are folded on the way. A batch norm of x itself is such
// a branch too, with the identity as its kernel. What is quantized stays apart: two weights that were rounded on grids
// of their own have no sum on any grid, and no activation between has one either. Of a network without tensors the
// structure is merged.
#pragma once

#include <functional>
#include <string_view>

#include "graph/graph.h"

namespace qat {

// Returns how many additions went. The convolution with the largest kernel keeps its name. wanted: asked with the name
// of the weight that would go.
int mergeParallelConvs(
    Graph& graph, const std::function<bool(std::string_view)>& wanted = [](std::string_view) { return true; });

}  // namespace qat
