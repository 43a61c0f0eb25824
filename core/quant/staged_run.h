// A graph run in stages, with time between them to change what later stages read from storage.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <vector>

#include "graph/graph.h"

namespace qat {

// A stage ends before some of the given nodes: after stage k the inputs are there of all those that have k others
// before them on the longest way from the graph's input. What is computed from stored values alone is computed when it
// is read, so that a changed value is seen at once. Eval mode, without gradients.
class StagedRun {
public:
    // Where one batch stands. What later stages do not read is not in it.
    struct State {
        std::map<ValueId, at::Tensor> values;
        size_t done = 0;  // steps
    };

    // The graph must outlive this and keep its structure.
    StagedRun(const Graph& graph, const std::vector<NodeId>& pauses);

    size_t stages() const { return m_paused.size(); }
    // The given nodes whose inputs are there after a stage, in the graph's order.
    const std::vector<NodeId>& pausedAt(size_t stage) const { return m_paused[stage]; }

    // images: [N,3,H,W]
    State begin(const at::Tensor& images) const;
    // Runs all stages up to and including this one that the state has not seen.
    void advance(State& state, size_t stage) const;
    // What a node would make whose inputs are there; the state keeps nothing of it. Errors name the node.
    at::Tensor result(const State& state, NodeId node) const;
    at::Tensor input(const State& state, NodeId node, size_t index) const {
        return value(state, m_graph.node(node).inputs[index]);
    }

private:
    struct Step {
        NodeId node;
        size_t stage = 0;
        std::vector<ValueId> release;  // nobody reads them after this step
    };

    void planStages(const std::vector<NodeId>& pauses);
    void planReleases();
    at::Tensor value(const State& state, ValueId id) const;
    std::vector<at::Tensor> compute(const State& state, NodeId id) const;

    const Graph& m_graph;
    std::vector<Step> m_steps;  // by stage, then in the graph's order; without those that need stored values alone
    std::vector<std::vector<NodeId>> m_paused;
};

}  // namespace qat
