// Union-find over the values of a graph, and one walk back from its sums.
#include "quant/scale_groups.h"

#include <algorithm>
#include <numeric>

namespace qat {
namespace {

bool adds(const Op& op) {
    const auto* binary = std::get_if<Binary>(&op);
    return binary && binary->kind == BinaryKind::Add;
}

// Which values only lead to sums whose range they take. Walk the graph backwards.
class SumFollowers {
public:
    explicit SumFollowers(size_t values) : m_taken(values), m_held(values) {}

    void readBySum(ValueId value) { m_taken[at(value)] = true; }
    // An operator that hands numbers on: what holds for the result holds for its input.
    void readByCarrier(ValueId value, ValueId result, bool concat) {
        if (m_taken[at(result)]) m_taken[at(value)] = true;
        if (m_held[at(result)] || (concat && !follows(result))) m_held[at(value)] = true;
    }
    bool follows(ValueId value) const { return m_taken[at(value)] && !m_held[at(value)]; }

private:
    static size_t at(ValueId value) { return static_cast<size_t>(value.index); }
    std::vector<bool> m_taken, m_held;  // by a sum; by a concatenation that follows none
};

}  // namespace

std::string_view modeName(JoinMode mode) {
    switch (mode) {
        case JoinMode::Union:
            return "union";
        case JoinMode::Output:
            return "output";
        case JoinMode::Largest:
            return "largest";
        case JoinMode::Requantize:
            return "requantize";
    }
    return "";
}

const DeclaredQuantizer* declaredResult(const Graph& graph, ValueId value) {
    if (graph.declared.empty()) return nullptr;
    const auto maker = graph.producer(value);
    if (!maker && graph.value(value).kind != ValueKind::Input) return nullptr;
    const std::string& name = maker ? graph.node(*maker).name : graph.value(value).name;
    const auto found = std::ranges::find_if(
        graph.declared, [&](const DeclaredQuantizer& each) { return !each.weight && each.node == name; });
    return found == graph.declared.end() ? nullptr : &*found;
}

ScaleGroups::ScaleGroups(const Graph& graph, const ScaleGroupConfig& modes, bool asDeclared) : m_modes(modes) {
    if (asDeclared && !graph.declared.empty())
        for (const NodeId id : graph.order())
            for (const ValueId output : graph.node(id).outputs)
                if (declaredResult(graph, output)) m_declared.insert(output);
    joinValues(graph);
    collectSources(graph);
    chooseObserved(graph);
}

std::optional<size_t> ScaleGroups::find(ValueId value) const {
    return m_placeOf[static_cast<size_t>(root(value.index))];
}

int32_t ScaleGroups::root(int32_t value) const {
    const auto parent = [&](int32_t i) -> int32_t& { return m_parent[static_cast<size_t>(i)]; };
    while (parent(value) != value) value = parent(value) = parent(parent(value));
    return value;
}

std::optional<JoinMode> ScaleGroups::modeOf(const Node& node) const {
    if (adds(node.op)) {
        const bool apart = std::ranges::all_of(node.inputs, [&](ValueId each) { return m_declared.contains(each); });
        return apart ? JoinMode::Requantize : m_modes.add;
    }
    if (std::holds_alternative<Concat>(node.op) && node.inputs.size() > 1) return m_modes.concat;
    return std::nullopt;
}

// Whether the results lie on the grid of the inputs.
bool ScaleGroups::handsOn(const Node& node) const {
    return movesDataOnly(node.op) && !m_requantized.contains(node.outputs.front());
}

void ScaleGroups::tie(const Node& node) {
    for (const ValueId input : movedInputs(node)) join(node.inputs.front(), input);
    if (!handsOn(node) && modeOf(node) != JoinMode::Output) return;
    for (const ValueId output : node.outputs) join(node.inputs.front(), output);
}

// Joins that requantize come last: one whose sources share a grid anyway has nothing to requantize and hands on.
void ScaleGroups::joinValues(const Graph& graph) {
    m_parent.resize(graph.valueCount());
    std::iota(m_parent.begin(), m_parent.end(), 0);
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        const auto mode = modeOf(node);
        if (mode != JoinMode::Requantize && (mode || movesDataOnly(node.op))) tie(node);
    }
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        const auto mode = modeOf(node);
        const auto isApart = [&](ValueId input) { return root(input.index) != root(node.inputs.front().index); };
        if (mode == JoinMode::Requantize && movesDataOnly(node.op)) {
            if (std::ranges::any_of(movedInputs(node), isApart))
                m_requantized.insert(node.outputs.front());
            else
                tie(node);
        }
        const bool idle = mode == JoinMode::Requantize && handsOn(node);
        if (mode && !idle) m_joins.push_back({id, *mode});
    }
}

void ScaleGroups::collectSources(const Graph& graph) {
    std::vector<ValueId> made(graph.inputs());
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        if (!handsOn(node)) made.insert(made.end(), node.outputs.begin(), node.outputs.end());
    }
    m_placeOf.resize(m_parent.size());
    for (const ValueId value : made) {
        auto& place = m_placeOf[static_cast<size_t>(root(value.index))];
        if (!place) {
            place = m_groups.size();
            m_groups.emplace_back();
        }
        m_groups[*place].sources.push_back(value);
    }
    for (const ScaleJoin& join : m_joins)
        if (const auto place = find(graph.node(join.node).inputs.front()); place && join.mode == JoinMode::Largest)
            m_groups[*place].largest = true;
}

void ScaleGroups::chooseObserved(const Graph& graph) {
    SumFollowers followers(m_parent.size());
    for (auto id = graph.order().rbegin(); id != graph.order().rend(); ++id) {
        const Node& node = graph.node(*id);
        const bool sum = adds(node.op) && modeOf(node) == JoinMode::Output;
        for (const ValueId input : node.inputs) {
            if (sum) followers.readBySum(input);
            if (!handsOn(node)) continue;
            for (const ValueId output : node.outputs) followers.readByCarrier(input, output, modeOf(node).has_value());
        }
    }
    for (ScaleGroup& group : m_groups)
        std::ranges::copy_if(group.sources, std::back_inserter(group.observed),
                             [&](ValueId source) { return !followers.follows(source); });
}

}  // namespace qat
