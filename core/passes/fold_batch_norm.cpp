// Matching, checking and rewriting for the batch norm fold.
#include "passes/fold_batch_norm.h"

#include <ATen/ATen.h>

#include <optional>

#include "base/error.h"

namespace qat {
namespace {

struct Match {
    NodeId norm, conv;
    std::optional<NodeId> quantizer;  // of the convolution's weight
};

std::optional<Match> match(const Graph& graph, NodeId norm) {
    if (!std::holds_alternative<BatchNorm>(graph.node(norm).op)) return std::nullopt;
    const ValueId x = graph.node(norm).inputs.front();
    const auto conv = graph.producer(x);
    if (!conv || !std::holds_alternative<Conv2d>(graph.node(*conv).op) || graph.users(x).size() != 1) return std::nullopt;
    return Match{norm, *conv, graph.producer(graph.node(*conv).inputs[1])};
}

at::Tensor data(const Graph& graph, ValueId id) { return graph.value(id).data->detach(); }

void set(Graph& graph, ValueId id, at::Tensor tensor) {
    graph.value(id).shape = tensor.sizes().vec();
    graph.value(id).data = std::make_shared<at::Tensor>(std::move(tensor));
}

// Scales the weight, and the grid it lies on if there is one, by `factor` per output channel.
void scaleWeight(Graph& graph, const Match& m, const at::Tensor& factor) {
    ValueId weight = graph.node(m.conv).inputs[1];
    if (m.quantizer) {
        Node& quantizer = graph.node(*m.quantizer);
        auto& op = std::get<FakeQuantize>(quantizer.op);
        weight = quantizer.inputs[0];
        const at::Tensor zeroPoint = data(graph, quantizer.inputs[2]);
        require(op.qmin == -op.qmax && zeroPoint.eq(0).all().item<bool>() && op.axis <= 0, ErrorKind::Unsupported,
                graph.node(m.conv).name, ": a batch norm folds only into a symmetric weight grid per tensor or per output channel");
        set(graph, quantizer.inputs[1], data(graph, quantizer.inputs[1]) * factor.abs());
        set(graph, quantizer.inputs[2], at::zeros_like(factor));
        op.axis = 0;
    }
    set(graph, weight, data(graph, weight) * factor.reshape({-1, 1, 1, 1}));
}

void rewrite(Graph& graph, const Match& m) {
    const std::vector<ValueId> norm = graph.node(m.norm).inputs;
    const double eps = std::get<BatchNorm>(graph.node(m.norm).op).eps;
    // In double: the fold is done once, and its rounding would be in every result.
    const at::Tensor factor = data(graph, norm[1]).to(at::kDouble) / at::sqrt(data(graph, norm[4]).to(at::kDouble) + eps);
    at::Tensor bias = -data(graph, norm[3]).to(at::kDouble);
    Node& conv = graph.node(m.conv);
    if (conv.inputs.size() == 3) bias = bias + data(graph, conv.inputs[2]);
    bias = (bias * factor + data(graph, norm[2])).to(at::kFloat);
    scaleWeight(graph, m, factor.to(at::kFloat));
    if (conv.inputs.size() == 3) set(graph, conv.inputs[2], bias);
    else {
        const Shape shape = bias.sizes().vec();
        const ValueId added = graph.addParameter(conv.name + ".bias", std::make_shared<at::Tensor>(bias), shape);
        graph.node(m.conv).inputs.push_back(added);
    }
    graph.replaceUses(graph.node(m.norm).outputs.front(), graph.node(m.conv).outputs.front());
    graph.erase(m.norm);
}

}  // namespace

int foldBatchNorm(Graph& graph) {
    int folded = 0;
    const std::vector<NodeId> order = graph.order();
    for (const NodeId id : order)
        if (const auto found = match(graph, id)) {
            rewrite(graph, *found);
            ++folded;
        }
    verify(graph);
    return folded;
}

}  // namespace qat
