// Values that share one grid because they carry the same numbers, or because a concatenation or an addition joins them.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "graph/graph.h"

namespace qat {

struct ScaleGroup {
    // Values made by operators that change numbers, and inputs of the graph; execution order, not empty.
    std::vector<ValueId> sources;
    // The sources that make the range: all but the addends of a sum whose range they take.
    std::vector<ValueId> observed;
    // The range is that of the widest of them instead of one that holds all.
    bool largest = false;
};

// A concatenation of several tensors, or an addition.
struct ScaleJoin {
    NodeId node;
    JoinMode mode;
};

// Pooling, resizing, splitting and slicing hand numbers on: what goes in and comes out shares a grid. Joins do as
// configured:
//   union       additions: the addends share a range that holds all of them; the sum has its own
//   output      the sources share the grid of the result. A concatenation holds the numbers of its sources, so its
//   range is
//               one that holds all of them; the range of a sum is that of the sum, and addends beyond it are cut off
//   largest     the sources share the range of the widest; a concatenation hands it on, a sum has its own
//   requantize  every source has its own range, and so has the result, unless all sources share one anyway
// Where joins of several kinds meet in one group, addends of an `output` sum that a concatenation holds too are
// observed, and one join that says `largest` makes the widest decide.
// Addends that the network itself gives a quantizer each keep their own ranges (requantize).
class ScaleGroups {
public:
    // asDeclared: what the network declares counts.
    ScaleGroups(const Graph& graph, const ScaleGroupConfig& modes, bool asDeclared = true);

    // By first source.
    const std::vector<ScaleGroup>& all() const { return m_groups; }
    // Place in all() of the group that a value in flight belongs to; none for stored values.
    std::optional<size_t> find(ValueId value) const;
    // Execution order.
    const std::vector<ScaleJoin>& joins() const { return m_joins; }

private:
    int32_t root(int32_t value) const;
    void join(ValueId a, ValueId b) { m_parent[static_cast<size_t>(root(b.index))] = root(a.index); }
    void tie(const Node& node);
    void joinValues(const Graph& graph);
    void collectSources(const Graph& graph);
    void chooseObserved(const Graph& graph);
    std::optional<JoinMode> modeOf(const Node& node) const;
    bool handsOn(const Node& node) const;

    const ScaleGroupConfig m_modes;
    std::set<ValueId> m_declared;                  // values with a declared quantizer
    mutable std::vector<int32_t> m_parent;         // by value; paths are shortened on the way
    std::vector<std::optional<size_t>> m_placeOf;  // by root
    std::set<ValueId> m_requantized;               // results of concatenations that have their own grid
    std::vector<ScaleGroup> m_groups;
    std::vector<ScaleJoin> m_joins;
};

// What the network says of the quantizer of a value that a node makes or an input of the graph is; or null.
const DeclaredQuantizer* declaredResult(const Graph& graph, ValueId value);

// As in the configuration: "union", "output", "largest", "requantize".
std::string_view modeName(JoinMode mode);

}  // namespace qat
