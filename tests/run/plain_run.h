// A second, slow way to run a graph: every operator by ops/portable.h, in the precision of the input, which may be
// double. What our fused kernels are compared with.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "graph/graph.h"

namespace qat::test {

// The graph's tensors are copied. stored: tensors to be used instead of the graph's, by value id (leaves of a
// gradient).
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
