#include "passes/hard_tanh_head.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "graph/device.h"

namespace qat {
namespace {

bool isSigmoid(const Node& node) {
    const auto* activation = std::get_if<Activation>(&node.op);
    return activation && activation->kind == ActivationKind::Sigmoid;
}

// After what only lays the map out anew.
std::optional<NodeId> sigmoidAfter(const Graph& graph, ValueId map) {
    for (ValueId value = map;;) {
        std::optional<NodeId> next;
        for (const NodeId user : graph.users(value)) {
            const Node& node = graph.node(user);
            if (isSigmoid(node)) return user;
            const bool laysOut = std::holds_alternative<Reshape>(node.op) || std::holds_alternative<Permute>(node.op);
            if (laysOut && node.inputs.front() == value) next = user;
        }
        if (!next) return std::nullopt;
        value = graph.node(*next).outputs.front();
    }
}

bool hasQuantizers(const Graph& graph) {
    return std::ranges::any_of(graph.order(),
                               [&](NodeId id) { return std::holds_alternative<FakeQuantize>(graph.node(id).op); });
}

// Codes -127..127 for [-1, 1].
ValueId quantized(Graph& graph, ValueId clipped) {
    constexpr int64_t kLargest = (int64_t{1} << (kHardTanhBits - 1)) - 1;
    const std::string name = graph.value(clipped).name;
    const at::Device device = deviceOf(graph);
    const auto held = [&](const char* what, float number) {
        return graph.addBuffer(name + what, std::make_shared<at::Tensor>(at::full({1}, number, device)), {1});
    };
    const ValueId scale = held(".scale", 1.0f / static_cast<float>(kLargest)), zero = held(".zero_point", 0);
    FakeQuantize op;
    op.bits = kHardTanhBits, op.qmin = -kLargest, op.qmax = kLargest;
    return graph.node(graph.insertAfter(clipped, name + ".quant", op, {clipped, scale, zero})).outputs.front();
}

// The moment `clipped` is made, whoever read the map reads it.
void clipMap(Graph& graph, ValueId map, bool quantize) {
    const NodeId maker = *graph.producer(map);
    const auto readers = graph.users(map);
    std::vector<GraphOutput> outputs;
    for (const GraphOutput& output : graph.outputs())
        if (output.value == map) outputs.push_back(output);
    ValueId made = addHardTanh(graph, graph.node(maker).name, map);
    if (quantize) made = quantized(graph, made);
    for (const NodeId reader : readers) graph.replaceUsesIn(reader, map, made);
    for (const GraphOutput& output : outputs) graph.setOutput(output.name, made, output.role);
}

}  // namespace

ValueId addHardTanh(Graph& graph, std::string name, ValueId x) {
    const ValueId factor = graph.addConstant(name + ".one_half", {0.5f});
    const NodeId half = graph.insertAfter(x, name + ".half", Binary{BinaryKind::Mul}, {x, factor});
    const ValueId halved = graph.node(half).outputs.front();
    const NodeId cut = graph.insertAfter(halved, name + ".hard_tanh", Activation{ActivationKind::HardTanh}, {halved});
    return graph.node(cut).outputs.front();
}

void decodeHardTanh(Graph& graph, ValueId map) {
    const auto sigmoid = sigmoidAfter(graph, map);
    require(sigmoid.has_value(), ErrorKind::BadInput, graph.value(map).name,
            ": its decoding takes no sigmoid that straight lines could stand for");
    const Node node = graph.node(*sigmoid);
    const ValueId one = graph.addConstant(node.name + ".one", {1}),
                  half = graph.addConstant(node.name + ".one_half", {0.5f});
    const NodeId shifted = graph.insertAfter(node.inputs.front(), node.name + ".shifted", Binary{BinaryKind::Add},
                                             {node.inputs.front(), one});
    const ValueId sum = graph.node(shifted).outputs.front();
    const NodeId unit = graph.insertAfter(sum, node.name + ".unit", Binary{BinaryKind::Mul}, {sum, half});
    graph.replaceUses(node.outputs.front(), graph.node(unit).outputs.front());
    graph.erase(*sigmoid);
}

std::string hardTanhTrouble(const Graph& graph) {
    return graph.info.anchors.empty() ? "only heads with anchors have a HardTanh form, and this model's has none" : "";
}

Graph hardTanhForm(const Graph& graph) {
    Graph form = graph.clone(false);
    switchToHardTanh(form);
    return form;
}

int64_t switchToHardTanh(Graph& graph) {
    if (const std::string trouble = hardTanhTrouble(graph); !trouble.empty()) fail(ErrorKind::BadInput, trouble);
    const bool quantize = hasQuantizers(graph);
    int64_t changed = 0;
    for (const std::string& name : graph.outputNames(OutputRole::RawHead)) {
        const ValueId map = graph.output(name);
        if (!sigmoidAfter(graph, map)) continue;
        clipMap(graph, map, quantize);
        decodeHardTanh(graph, graph.output(name));
        ++changed;
    }
    return changed;
}

}  // namespace qat
