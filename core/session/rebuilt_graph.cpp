#include "session/rebuilt_graph.h"

#include <ATen/core/Tensor.h>

#include <algorithm>

#include "base/error.h"
#include "models/weights.h"
#include "passes/channel_affine.h"
#include "quant/quantizer_set.h"
#include "session/checkpoint_model.h"

namespace qat {
namespace {

// Any layer may have been left in float, the first one too.
bool hasQuantizers(const Checkpoint& weights) {
    return std::ranges::any_of(weights.tensors,
                               [](const NamedTensor& entry) { return entry.name.ends_with(".zero_point"); });
}

// Corrections that could not be folded are operations of the graph.
void restoreAffines(Graph& graph, const Checkpoint& weights, const std::string& source) {
    constexpr std::string_view kEnd = ".qc.gamma";
    for (const NamedTensor& entry : weights.tensors) {
        if (!entry.name.ends_with(kEnd)) continue;
        const auto layer = graph.findNode(entry.name.substr(0, entry.name.size() - kEnd.size()));
        require(layer && std::holds_alternative<Conv2d>(graph.node(*layer).op), ErrorKind::BadInput, source, ": ",
                entry.name, " belongs to no convolution");
        keepAffine(graph, insertAffine(graph, *layer));
    }
}

// Shapes of scales follow the file: folding and granularity are then as they were when it was written.
void adoptScaleShapes(Graph& graph, const Checkpoint& weights) {
    for (const ValueId id : graph.storedValues()) {
        Value& value = graph.value(id);
        const NamedTensor* stored = weights.find(value.name);
        if (stored && (value.name.ends_with(".scale") || value.name.ends_with(".zero_point")))
            value.shape = stored->tensor->sizes().vec();
    }
    // A correction may have given a weight one scale a channel.
    for (const NodeId id : graph.order()) {
        auto* quantizer = std::get_if<FakeQuantize>(&graph.node(id).op);
        const bool many = quantizer && graph.value(graph.node(id).inputs[1]).shape != Shape{1};
        if (many && quantizer->weight && quantizer->axis < 0) quantizer->axis = 0;
    }
}

}  // namespace

Graph rebuiltGraph(const Checkpoint& weights, const Config& config, const std::string& source) {
    Graph graph = modelIn(weights, source).graph;
    graph.value(graph.inputs().front()).shape = {1, 3, config.data.imgsz, config.data.imgsz};
    if (!hasQuantizers(weights)) return graph;
    const QuantizerSet quantizers(graph, resolvePlan(graph, config));
    adoptScaleShapes(graph, weights);
    restoreAffines(graph, weights, source);
    return graph;
}

}  // namespace qat
