// A second, slow way to run a graph: every op as a literal composition of libtorch calls, gradients from libtorch's own
// autograd, in the precision of the input. What our fused kernels are compared with.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace qat::test {

// One op. train: batch statistics in batch norms; running ones are left alone.
std::vector<at::Tensor> plainOp(const Op& op, const std::vector<at::Tensor>& inputs, bool train);

// A graph node by node. stored: tensors to be used instead of the graph's, by value id (leaves of a gradient).
class PlainRun {
public:
    PlainRun(const Graph& graph, const at::Tensor& input, bool train = false,
             std::map<ValueId, at::Tensor> stored = {});
    const at::Tensor& value(ValueId id) const { return m_values.at(id); }
    const at::Tensor& output(const std::string& name) const { return m_values.at(m_graph.output(name)); }

private:
    const Graph& m_graph;
    std::map<ValueId, at::Tensor> m_values;
};

}  // namespace qat::test
