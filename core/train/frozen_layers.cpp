// Finding the parameters of a layer, through the quantizer of its weight.
#include "train/frozen_layers.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "config/pattern.h"

namespace qat {
namespace {

std::vector<ValueId> parametersOf(const Graph& graph, const Node& node) {
    std::vector<ValueId> parameters;
    for (const ValueId input : node.inputs) {
        const auto maker = graph.producer(input);
        const auto* quantizer = maker ? std::get_if<FakeQuantize>(&graph.node(*maker).op) : nullptr;
        const ValueId value = quantizer && quantizer->weight ? graph.node(*maker).inputs.front() : input;
        if (graph.value(value).kind == ValueKind::Parameter) parameters.push_back(value);
    }
    return parameters;
}

}  // namespace

std::vector<ValueId> freezeLayers(Graph& graph, const std::vector<std::string>& patterns) {
    std::vector<ValueId> frozen;
    std::vector<LayerPattern> expressions(patterns.begin(), patterns.end());
    std::vector<bool> used(patterns.size());
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        if (std::holds_alternative<FakeQuantize>(node.op)) continue;
        const std::vector<ValueId> parameters = parametersOf(graph, node);
        if (parameters.empty()) continue;
        const auto aliases = layerAliases(graph, node.name);
        bool matched = false;
        for (size_t i = 0; i < expressions.size(); ++i) {
            if (!expressions[i].matches(node.name, aliases)) continue;
            used[i] = matched = true;
        }
        if (!matched) continue;
        for (const ValueId parameter : parameters) graph.value(parameter).data->requires_grad_(false);
        frozen.insert(frozen.end(), parameters.begin(), parameters.end());
    }
    const auto unused = std::ranges::find(used, false);
    require(unused == used.end(), ErrorKind::BadInput, "train_params.frozen_layers: ",
            unused == used.end() ? "" : patterns[static_cast<size_t>(unused - used.begin())], " matches no layer");
    return frozen;
}

}  // namespace qat
