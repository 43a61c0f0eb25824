// Groups, decays and floors, read off the nodes.
#include "train/parameters.h"

#include <ATen/ATen.h>

#include "ops/fake_quantize.h"

namespace qat {
namespace {

// Where an input of an op belongs; index as in the op's comment.
ParameterGroup groupOf(const Op& op, size_t index) {
    if (std::holds_alternative<FakeQuantize>(op) && index >= 1) return ParameterGroup::Quantizer;
    if (std::holds_alternative<BatchNorm>(op)) return index == 1 ? ParameterGroup::Norm : ParameterGroup::Bias;
    return index == traitsOf(op).layer.bias ? ParameterGroup::Bias : ParameterGroup::Weight;
}

// What reads a parameter first: its group, and whose scale it is.
struct Reader {
    ParameterGroup group;
    std::optional<FakeQuantize> scaleOf{};
};

std::map<ValueId, Reader> readersOf(const Graph& graph) {
    std::map<ValueId, Reader> readers;
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            if (graph.value(node.inputs[i]).kind != ValueKind::Parameter) continue;
            Reader& reader = readers.try_emplace(node.inputs[i], Reader{groupOf(node.op, i)}).first->second;
            const auto* quantizer = std::get_if<FakeQuantize>(&node.op);
            if (quantizer && i == 1 && !reader.scaleOf) reader.scaleOf = *quantizer;
        }
    }
    return readers;
}

}  // namespace

std::vector<TrainedParameter> trainedParameters(const Graph& graph, const TrainConfig& config,
                                                const ClipDecays& clipDecays) {
    const std::map<ValueId, Reader> readers = readersOf(graph);
    std::vector<TrainedParameter> parameters;
    for (const ValueId id : graph.storedValues()) {
        const auto reader = readers.find(id);
        if (reader == readers.end()) continue;
        const auto& [group, quantizer] = reader->second;
        TrainedParameter parameter{.name = graph.value(id).name, .tensor = graph.value(id).data, .group = group};
        if (group == ParameterGroup::Weight) parameter.decay = config.weightDecay;
        if (quantizer) parameter.floor = leastHeldScale(*quantizer);
        if (const auto decay = clipDecays.find(id); quantizer && decay != clipDecays.end()) {
            parameter.decay = decay->second;
            parameter.penalty = [op = *quantizer](const at::Tensor& held) { return clipPenaltyGradient(op, held); };
        }
        parameters.push_back(std::move(parameter));
    }
    return parameters;
}

void prepareTensors(Graph& graph, Gradients gradients) {
    for (const ValueId id : graph.storedValues()) {
        Value& value = graph.value(id);
        const auto order = value.data->dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
        at::Tensor tensor = value.data->detach().clone(order);
        if (gradients == Gradients::OfParameters && value.kind == ValueKind::Parameter) tensor.requires_grad_(true);
        value.data = std::make_shared<at::Tensor>(std::move(tensor));
    }
}

}  // namespace qat
