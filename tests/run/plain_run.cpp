// A walk in order, one operator after the other.
#include "run/plain_run.h"

#include <ATen/ATen.h>

#include "ops/portable.h"

namespace qat::test {

PlainRun::PlainRun(const Graph& graph, const at::Tensor& input, bool train, std::map<ValueId, at::Tensor> stored)
    : m_graph(graph) {
    for (const ValueId id : graph.storedValues())
        m_values[id] = graph.value(id).data->detach().to(input.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
    for (auto& [id, tensor] : stored) m_values[id] = std::move(tensor);
    m_values[graph.inputs().front()] = input;
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        std::vector<at::Tensor> inputs;
        for (const ValueId in : node.inputs) inputs.push_back(m_values.at(in));
        const auto made = portableForward(node.op, inputs, train);
        for (size_t i = 0; i < made.size(); ++i) m_values[node.outputs[i]] = made[i];
    }
}

}  // namespace qat::test
