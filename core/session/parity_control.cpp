// A walk against the order, and biases moved.
#include "session/parity_control.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <ranges>
#include <set>

#include "passes/pipeline.h"

namespace qat {
namespace {

constexpr double kMillionth = 0x1p-20;

bool isLayer(const Node& node) {
    return hasWeight(node.op) || std::holds_alternative<IntegerConv2d>(node.op);
}

}  // namespace

int64_t floatLayers(const Graph& lowered) {
    std::set<ValueId> rounded;  // floats of which codes are made, at once or through others
    int64_t count = 0;
    for (const NodeId id : std::views::reverse(lowered.order())) {
        const Node& node = lowered.node(id);
        if (std::holds_alternative<Quantize>(node.op)) {
            rounded.insert(node.inputs.front());
            continue;
        }
        if (std::ranges::none_of(node.outputs, [&](ValueId made) { return rounded.contains(made); })) continue;
        if (isLayer(node))
            ++count;
        else if (!traitsOf(node.op).onCodes)
            rounded.insert(node.inputs.begin(), node.inputs.end());
    }
    return count;
}

Graph controlForm(const Graph& exported) {
    Graph form = exported.clone(true);
    runPasses(form, kFilePasses);
    for (const NodeId id : form.order())
        if (const ValueId bias = biasOf(form.node(id)); bias.valid()) form.value(bias).data->mul_(1 + kMillionth);
    runPasses(form, PassId::LowerToIntegers);
    return form;
}

}  // namespace qat
