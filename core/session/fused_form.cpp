// Which layers a file speaks of.
#include "session/fused_form.h"

#include <set>

#include "base/error.h"
#include "passes/fold_batch_norm.h"
#include "passes/merge_parallel_convs.h"

namespace qat {
namespace {

using Names = std::set<std::string, std::less<>>;

// X.conv1.conv.weight -> X.conv.weight
std::string nameInBlock(const std::string& weight) {
    constexpr std::string_view kConv = ".conv.weight";
    if (!weight.ends_with(kConv)) return "";
    const std::string layer = weight.substr(0, weight.size() - kConv.size());
    return str(layer.substr(0, layer.rfind('.')), kConv);
}

void renameLayer(Graph& graph, const Node& layer, const Names& stored) {
    const std::string weight = graph.value(layer.inputs[1]).name, wanted = nameInBlock(weight);
    if (stored.contains(weight) || !stored.contains(wanted) || graph.findValue(wanted)) return;
    graph.renameValue(layer.inputs[1], wanted);
    if (layer.inputs.size() > 2) graph.renameValue(layer.inputs[2], str(wanted.substr(0, wanted.rfind('.')), ".bias"));
}

}  // namespace

void adoptFusedForm(Graph& graph, const NamedTensors& tensors) {
    Names stored;
    for (const auto& [name, tensor] : tensors) stored.insert(name);
    for (const NodeId id : std::vector(graph.order())) {
        const Node& node = graph.node(id);
        if (std::holds_alternative<BatchNorm>(node.op) && !stored.contains(graph.value(node.inputs[3]).name))
            foldBatchNorm(graph, id);
    }
    mergeParallelConvs(graph, [&](std::string_view weight) { return !stored.contains(weight); });
    for (const NodeId id : graph.order())
        if (std::holds_alternative<Conv2d>(graph.node(id).op)) renameLayer(graph, graph.node(id), stored);
}

}  // namespace qat
