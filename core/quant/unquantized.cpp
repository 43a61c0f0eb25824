// Leaving quantizers out.
#include "quant/unquantized.h"

namespace qat {

Graph withoutQuantizers(const Graph& graph) {
    Graph plain = graph.clone(false);
    for (const NodeId id : graph.order()) {
        if (!std::holds_alternative<FakeQuantize>(graph.node(id).op)) continue;
        plain.replaceUses(plain.node(id).outputs.front(), plain.node(id).inputs.front());
        plain.erase(id);
    }
    return plain;
}

ValueId unquantized(const Graph& graph, ValueId value) {
    const auto maker = graph.producer(value);
    if (!maker || !std::holds_alternative<FakeQuantize>(graph.node(*maker).op)) return value;
    return unquantized(graph, graph.node(*maker).inputs.front());
}

}  // namespace qat
