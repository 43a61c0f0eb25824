// A graph with the quantizers of a plan, as an exporter writes it, and what a runtime would ask about it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "quant/quantizer_set.h"

namespace qat {

class QuantizedView {
public:
    // graph: the one the plan was made for, without quantizers. Stored values are shared with it, not changed.
    QuantizedView(const Graph& graph, const QuantPlan& plan);
    QuantizedView(const QuantizedView&) = delete;
    QuantizedView& operator=(const QuantizedView&) = delete;

    // Execution order; quantizers of weights stand before their layer.
    std::vector<const Node*> nodes() const;
    // Whose FakeQuantize node it is; nullptr for other nodes.
    const Quantizer* quantizer(const Node& node) const;
    // The quantizer whose codes a value in flight holds in bytes, one scale for the whole tensor; nullptr if it is in
    // float.
    const Quantizer* codesIn(ValueId value) const;
    // The quantizer of a layer's weight; nullptr if it has none.
    const Quantizer* weightOf(const Node& layer) const;
    // The quantizer that makes codes in bytes of a value at once: its only reader is one, past a rectifier at most.
    const Quantizer* quantizedNext(ValueId value) const;
    // The node that makes the value; nullptr for inputs and stored values.
    const Node* maker(ValueId value) const;
    // The only node that reads it; nullptr if there are several, none, or the value is an output.
    const Node* onlyReader(ValueId value) const;
    // Whether quantized layers stand both before the node and after it.
    bool amidQuantized(const Node& node) const { return m_after.contains(&node) && m_before.contains(&node); }
    // What a finding about the node names: the tensor for a quantizer, else the node.
    const std::string& subject(const Node& node) const;

private:
    void followCodes();
    void markNeighbours();
    bool isQuantizedLayer(const Node& node) const { return weightOf(node) != nullptr; }

    Graph m_graph;
    QuantizerSet m_set;
    std::map<NodeId, const Quantizer*> m_quantizerOf;
    std::map<ValueId, const Quantizer*> m_codes;
    std::set<const Node*> m_after, m_before;  // nodes after a quantized layer, and before one
};

}  // namespace qat
