// All inner values of one batch, kept so that a change in one layer re-runs only what follows it. Serves the
// sensitivity sweep, and any what-if question about a single layer.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace qat {

class PrefixCache {
public:
    // The graph must outlive the cache; outputs are names of graph outputs.
    PrefixCache(const Graph& graph, std::vector<std::string> outputs);
    ~PrefixCache();

    // Runs the batch once in eval mode and keeps every value. Releases the batch before.
    void fill(const at::Tensor& input);

    // The kept tensor of a value, of the batch filled last.
    const at::Tensor& value(ValueId id) const;
    const std::vector<at::Tensor>& outputs() const { return m_outputs; }

    // The outputs if node `changed` had made `output` instead. Bit-equal to a full run with that change.
    std::vector<at::Tensor> rerun(NodeId changed, const at::Tensor& output) const;

private:
    const Graph& m_graph;
    std::vector<ValueId> m_wanted;
    std::vector<at::Tensor> m_values;
    std::vector<at::Tensor> m_outputs;
    std::map<NodeId, std::vector<NodeId>> m_downstream;  // in execution order, only what the outputs need
};

}  // namespace qat
