// Three walks over the graph answer everything.
#include "quant/quantized_view.h"

#include <algorithm>

#include "ops/activation.h"

namespace qat {
namespace {

// Whole numbers of the grid fit uint8 or int8.
bool fitsByte(const FakeQuantize& op) {
    const bool fits = op.qmin >= 0 ? op.qmax <= 255 : op.qmin >= -128 && op.qmax <= 127;
    return op.format == NumberFormat::Integer && fits;
}

const FakeQuantize* activationQuantizer(const Node& node) {
    const auto* op = std::get_if<FakeQuantize>(&node.op);
    return op && !op->weight ? op : nullptr;
}

}  // namespace

QuantizedView::QuantizedView(const Graph& graph, const QuantPlan& plan)
    : m_graph(graph.clone(false)), m_set(m_graph, plan) {
    for (const Quantizer& q : m_set.all())
        for (const NodeId id : q.nodes) m_quantizerOf[id] = &q;
    followCodes();
    markNeighbours();
}

std::vector<const Node*> QuantizedView::nodes() const {
    std::vector<const Node*> nodes;
    for (const NodeId id : m_graph.order()) {
        const Node& node = m_graph.node(id);
        const Quantizer* q = quantizer(node);
        if (q && q->weight) continue;
        if (weightOf(node)) nodes.push_back(maker(qat::weightOf(node)));
        nodes.push_back(&node);
    }
    return nodes;
}

const Quantizer* QuantizedView::quantizer(const Node& node) const {
    if (!std::holds_alternative<FakeQuantize>(node.op)) return nullptr;
    const auto found = m_quantizerOf.find(*m_graph.producer(node.outputs.front()));
    return found == m_quantizerOf.end() ? nullptr : found->second;
}

const Quantizer* QuantizedView::codesIn(ValueId value) const {
    const auto found = m_codes.find(value);
    return found == m_codes.end() ? nullptr : found->second;
}

const Quantizer* QuantizedView::weightOf(const Node& layer) const {
    const ValueId weight = qat::weightOf(layer);
    const Node* made = weight.valid() ? maker(weight) : nullptr;
    return made ? quantizer(*made) : nullptr;
}

const Quantizer* QuantizedView::quantizedNext(ValueId value) const {
    const Node* reader = onlyReader(value);
    if (!reader) return nullptr;
    const auto* activation = std::get_if<Activation>(&reader->op);
    if (activation && traitsOf(activation->kind).clips) return quantizedNext(reader->outputs.front());
    return activationQuantizer(*reader) ? codesIn(reader->outputs.front()) : nullptr;
}

const Node* QuantizedView::maker(ValueId value) const {
    const auto id = m_graph.producer(value);
    return id ? &m_graph.node(*id) : nullptr;
}

const Node* QuantizedView::onlyReader(ValueId value) const {
    if (std::ranges::find(m_graph.outputs(), value, &GraphOutput::value) != m_graph.outputs().end()) return nullptr;
    const auto users = m_graph.users(value);
    return users.size() == 1 ? &m_graph.node(users.front()) : nullptr;
}

const std::string& QuantizedView::subject(const Node& node) const {
    return std::holds_alternative<FakeQuantize>(node.op) ? m_graph.value(node.inputs.front()).name : node.name;
}

void QuantizedView::followCodes() {
    for (const NodeId id : m_graph.order()) {
        const Node& node = m_graph.node(id);
        const FakeQuantize* op = activationQuantizer(node);
        const Quantizer* codes = op && fitsByte(*op) && op->axis < 0 ? m_quantizerOf.at(id) : nullptr;
        if (!op && movesDataOnly(node.op)) {
            codes = codesIn(node.inputs.front());
            for (const ValueId input : movedInputs(node))
                if (codesIn(input) != codes) codes = nullptr;
        }
        if (!codes) continue;
        for (const ValueId output : node.outputs) m_codes[output] = codes;
    }
}

void QuantizedView::markNeighbours() {
    const auto& order = m_graph.order();
    for (const NodeId id : order) {
        const Node& node = m_graph.node(id);
        const bool after = std::ranges::any_of(node.inputs, [&](ValueId input) {
            const Node* made = maker(input);
            return made && (isQuantizedLayer(*made) || m_after.contains(made));
        });
        if (after) m_after.insert(&node);
    }
    for (auto id = order.rbegin(); id != order.rend(); ++id) {
        const Node& node = m_graph.node(*id);
        for (const ValueId input : node.inputs) {
            const Node* made = maker(input);
            if (made && (isQuantizedLayer(node) || m_before.contains(&node))) m_before.insert(made);
        }
    }
}

}  // namespace qat
