// Values that share one grid because they carry the same numbers, or because an operator joins them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/graph.h"

namespace qat {

struct ScaleGroup {
    // Values made by operators that change numbers, and inputs of the graph; execution order, not empty.
    std::vector<ValueId> sources;
};

class ScaleGroups {
public:
    // Concatenation, pooling, resizing and splitting hand numbers on; the inputs of an addition are joined.
    explicit ScaleGroups(const Graph& graph);

    // By first source.
    const std::vector<ScaleGroup>& all() const { return m_groups; }
    // Place in all() of the group that a value in flight belongs to.
    size_t of(ValueId value) const;

private:
    int32_t root(int32_t value) const;
    void join(ValueId a, ValueId b) { m_parent[static_cast<size_t>(root(b.index))] = root(a.index); }
    void joinValues(const Graph& graph);
    void collectSources(const Graph& graph);

    mutable std::vector<int32_t> m_parent;         // by value; paths are shortened on the way
    std::vector<std::optional<size_t>> m_placeOf;  // by root
    std::vector<ScaleGroup> m_groups;
};

}  // namespace qat
