// Statistics of batch norms estimated again after training: oscillating weights leave running averages behind that
// belong to no network (Nagel et al. 2022, section 2.3).
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "graph/graph.h"

namespace qat {

// Running means and variances by value, in the order of the graph's nodes.
using NormStatistics = std::vector<std::pair<ValueId, TensorPtr>>;

// The means over the batches of each batch's mean and unbiased variance, everything else as in inference. The graph
// stays as it is. nextBatch: images [N,3,H,W], undefined at the end; `done` is told after each batch. Empty if the
// graph has no batch norm, or no batch came. Throws Error{BadInput} naming the norm whose statistics are not finite,
// Error{Cancelled} on request.
NormStatistics reestimateNorms(const Graph& graph, const std::function<at::Tensor()>& nextBatch,
                               const CancelToken& cancel, const std::function<void(int64_t)>& done);

// Puts statistics into the graph and returns those that were there.
NormStatistics exchangeNorms(Graph& graph, const NormStatistics& statistics);

}  // namespace qat
