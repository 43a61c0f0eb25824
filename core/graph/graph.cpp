// Building, looking at and editing a graph.
#include "graph/graph.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "graph/constant_numbers.h"

namespace qat {

ValueId Graph::addValue(Value value) {
    require(!m_valueByName.contains(value.name), ErrorKind::Internal, "value ", value.name, " exists already");
    const ValueId id{static_cast<int32_t>(m_values.size())};
    m_valueByName.emplace(value.name, id);
    m_values.push_back(std::move(value));
    return id;
}

std::string Graph::uniqueValueName(std::string wanted) const {
    std::string name = wanted;
    for (int i = 2; m_valueByName.contains(name); ++i) name = str(wanted, "#", i);
    return name;
}

ValueId Graph::addInput(std::string name, Shape shape) {
    const ValueId id = addValue({std::move(name), ValueKind::Input, ElementType::Float32, std::move(shape), nullptr});
    m_inputs.push_back(id);
    return id;
}

ValueId Graph::addParameter(std::string name, TensorPtr data, Shape shape) {
    return addValue({std::move(name), ValueKind::Parameter, ElementType::Float32, std::move(shape), std::move(data)});
}

ValueId Graph::addBuffer(std::string name, TensorPtr data, Shape shape, ElementType type) {
    return addValue({std::move(name), ValueKind::Buffer, type, std::move(shape), std::move(data)});
}

ValueId Graph::addConstant(std::string name, const std::vector<float>& numbers) {
    return addValue({std::move(name),
                     ValueKind::Constant,
                     ElementType::Float32,
                     {static_cast<int64_t>(numbers.size())},
                     tensorOf(numbers)});
}

NodeId Graph::addNode(std::string name, Op op, std::vector<ValueId> inputs, int outputs) {
    require(!m_nodeByName.contains(name), ErrorKind::Internal, "node ", name, " exists already");
    const NodeId id{static_cast<int32_t>(m_nodes.size())};
    std::vector<ValueId> made;
    for (int i = 0; i < outputs; ++i) {
        const std::string wanted = outputs == 1 ? name : str(name, ":", i);
        made.push_back(addValue({uniqueValueName(wanted), ValueKind::Activation, ElementType::Float32, {}, nullptr}));
    }
    m_nodeByName.emplace(name, id);
    m_nodes.push_back({std::move(name), std::move(op), std::move(inputs), std::move(made), NodeRole::None});
    m_order.push_back(id);
    return id;
}

ValueId Graph::add(std::string name, Op op, std::vector<ValueId> inputs) {
    return node(addNode(std::move(name), std::move(op), std::move(inputs))).outputs.front();
}

void Graph::setOutput(std::string name, ValueId value, OutputRole role) {
    const auto known = std::ranges::find(m_outputs, name, &GraphOutput::name);
    if (known == m_outputs.end())
        m_outputs.push_back({std::move(name), value, role});
    else
        known->value = value, known->role = role;
}

void Graph::dropOutput(std::string_view name) {
    std::erase_if(m_outputs, [&](const GraphOutput& output) { return output.name == name; });
}

ValueId Graph::output(std::string_view name) const {
    for (const auto& output : m_outputs)
        if (output.name == name) return output.value;
    return {};
}

std::vector<std::string> Graph::outputNames(OutputRole role) const {
    std::vector<std::string> names;
    for (const auto& output : m_outputs)
        if (output.role == role) names.push_back(output.name);
    return names;
}

std::optional<NodeId> Graph::findNode(std::string_view name) const {
    const auto found = m_nodeByName.find(name);
    return found == m_nodeByName.end() ? std::nullopt : std::optional(found->second);
}

std::optional<ValueId> Graph::findValue(std::string_view name) const {
    const auto found = m_valueByName.find(name);
    return found == m_valueByName.end() ? std::nullopt : std::optional(found->second);
}

std::optional<NodeId> Graph::producer(ValueId id) const {
    for (const NodeId candidate : m_order)
        if (std::ranges::find(node(candidate).outputs, id) != node(candidate).outputs.end()) return candidate;
    return std::nullopt;
}

std::vector<NodeId> Graph::users(ValueId id) const {
    std::vector<NodeId> found;
    for (const NodeId candidate : m_order)
        if (std::ranges::find(node(candidate).inputs, id) != node(candidate).inputs.end()) found.push_back(candidate);
    return found;
}

std::vector<ValueId> Graph::storedValues() const {
    std::vector<ValueId> found;
    std::set<ValueId> seen;
    for (const NodeId id : m_order)
        for (const ValueId input : node(id).inputs) {
            if (isStored(value(input).kind) && seen.insert(input).second) found.push_back(input);
        }
    return found;
}

void Graph::replaceUses(ValueId from, ValueId to) {
    for (const NodeId id : m_order) replaceUsesIn(id, from, to);
    for (auto& output : m_outputs)
        if (output.value == from) output.value = to;
}

void Graph::replaceUsesIn(NodeId id, ValueId from, ValueId to) {
    std::ranges::replace(node(id).inputs, from, to);
}

NodeId Graph::insertAfter(ValueId after, std::string name, Op op, std::vector<ValueId> inputs, int outputs) {
    const auto maker = producer(after);
    const NodeId added = addNode(std::move(name), std::move(op), std::move(inputs), outputs);
    m_order.pop_back();
    const auto place = maker ? std::ranges::find(m_order, *maker) + 1 : m_order.begin();
    m_order.insert(place, added);
    return added;
}

void Graph::erase(NodeId id) {
    for (const ValueId made : node(id).outputs) {
        const bool isOutput = std::ranges::find(m_outputs, made, &GraphOutput::value) != m_outputs.end();
        ensure(users(made).empty() && !isOutput, "erasing a node whose output is used");
        m_valueByName.erase(value(made).name);
    }
    m_nodeByName.erase(node(id).name);
    std::erase(m_order, id);
}

void Graph::sweep() {
    std::set<ValueId> needed;
    for (const auto& output : m_outputs) needed.insert(output.value);
    const std::vector<NodeId> order = m_order;
    for (auto id = order.rbegin(); id != order.rend(); ++id) {
        const bool live = std::ranges::any_of(node(*id).outputs, [&](ValueId made) { return needed.contains(made); });
        if (live)
            needed.insert(node(*id).inputs.begin(), node(*id).inputs.end());
        else
            erase(*id);
    }
}

void Graph::renameValue(ValueId id, std::string name) {
    m_valueByName.erase(value(id).name);
    value(id).name = uniqueValueName(std::move(name));
    m_valueByName.emplace(value(id).name, id);
}

namespace {

ValueId inputAt(const Node& node, std::optional<size_t> place) {
    return place && *place < node.inputs.size() ? node.inputs[*place] : ValueId{};
}

}  // namespace

ValueId weightOf(const Node& layer) {
    return inputAt(layer, traitsOf(layer.op).layer.weight);
}

ValueId biasOf(const Node& layer) {
    return inputAt(layer, traitsOf(layer.op).layer.bias);
}

}  // namespace qat
