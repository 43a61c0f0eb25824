// Union-find over the values of a graph.
#include "quant/scale_groups.h"

#include <numeric>

#include "base/error.h"

namespace qat {
namespace {

bool adds(const Op& op) {
    const auto* binary = std::get_if<Binary>(&op);
    return binary && binary->kind == BinaryKind::Add;
}

}  // namespace

ScaleGroups::ScaleGroups(const Graph& graph) {
    joinValues(graph);
    collectSources(graph);
}

size_t ScaleGroups::of(ValueId value) const {
    const auto& place = m_placeOf[static_cast<size_t>(root(value.index))];
    ensure(place.has_value(), "a value that is made by a node or given");
    return *place;
}

int32_t ScaleGroups::root(int32_t value) const {
    const auto parent = [&](int32_t i) -> int32_t& { return m_parent[static_cast<size_t>(i)]; };
    while (parent(value) != value) value = parent(value) = parent(parent(value));
    return value;
}

void ScaleGroups::joinValues(const Graph& graph) {
    m_parent.resize(graph.valueCount());
    std::iota(m_parent.begin(), m_parent.end(), 0);
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        if (!carries(node.op) && !adds(node.op)) continue;
        for (const ValueId input : node.inputs) join(node.inputs.front(), input);
        if (!adds(node.op))
            for (const ValueId output : node.outputs) join(node.inputs.front(), output);
    }
}

void ScaleGroups::collectSources(const Graph& graph) {
    std::vector<ValueId> made(graph.inputs());
    for (const NodeId id : graph.order())
        if (!carries(graph.node(id).op))
            made.insert(made.end(), graph.node(id).outputs.begin(), graph.node(id).outputs.end());
    m_placeOf.resize(m_parent.size());
    for (const ValueId value : made) {
        auto& place = m_placeOf[static_cast<size_t>(root(value.index))];
        if (!place) {
            place = m_groups.size();
            m_groups.emplace_back();
        }
        m_groups[*place].sources.push_back(value);
    }
}

}  // namespace qat
