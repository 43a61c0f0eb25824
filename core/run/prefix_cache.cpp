// Downstream sets are worked out once a node; a re-run walks one of them.
#include "run/prefix_cache.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "graph/device.h"
#include "ops/kernels.h"

namespace qat {
namespace {

bool readsAny(const Node& node, const std::set<ValueId>& values) {
    return std::ranges::any_of(node.inputs, [&](ValueId id) { return values.contains(id); });
}

// Nodes that the wanted values need, in order.
std::vector<NodeId> neededInOrder(const Graph& graph, const std::vector<ValueId>& wanted) {
    std::set<ValueId> values(wanted.begin(), wanted.end());
    std::vector<NodeId> needed;
    for (auto id = graph.order().rbegin(); id != graph.order().rend(); ++id) {
        const Node& node = graph.node(*id);
        if (std::ranges::none_of(node.outputs, [&](ValueId made) { return values.contains(made); })) continue;
        needed.push_back(*id);
        values.insert(node.inputs.begin(), node.inputs.end());
    }
    std::ranges::reverse(needed);
    return needed;
}

}  // namespace

PrefixCache::PrefixCache(const Graph& graph, std::vector<std::string> outputs) : m_graph(graph) {
    for (const auto& name : outputs) {
        m_wanted.push_back(graph.output(name));
        require(m_wanted.back().valid(), ErrorKind::BadInput, "the model has no output called ", name);
    }
    const std::vector<NodeId> needed = neededInOrder(graph, m_wanted);
    for (size_t i = 0; i < needed.size(); ++i) {
        std::set<ValueId> changed(graph.node(needed[i]).outputs.begin(), graph.node(needed[i]).outputs.end());
        std::vector<NodeId>& downstream = m_downstream[needed[i]];
        for (size_t j = i + 1; j < needed.size(); ++j) {
            const Node& node = graph.node(needed[j]);
            if (!readsAny(node, changed)) continue;
            downstream.push_back(needed[j]);
            changed.insert(node.outputs.begin(), node.outputs.end());
        }
    }
}

PrefixCache::~PrefixCache() = default;

const at::Tensor& PrefixCache::value(ValueId id) const {
    return m_values[static_cast<size_t>(id.index)];
}

void PrefixCache::fill(const at::Tensor& input) {
    const at::NoGradGuard noGrad;
    m_values.assign(m_graph.valueCount(), at::Tensor());
    for (const ValueId id : m_graph.storedValues()) m_values[static_cast<size_t>(id.index)] = *m_graph.value(id).data;
    const at::Device device = deviceOf(m_graph);
    m_values[static_cast<size_t>(m_graph.inputs().front().index)] =
        input.to(device).contiguous(at::MemoryFormat::ChannelsLast);
    for (const auto& id : neededInOrder(m_graph, m_wanted)) {
        const Node& node = m_graph.node(id);
        std::vector<at::Tensor> inputs;
        for (const ValueId in : node.inputs) inputs.push_back(value(in));
        auto made = kernelsOf(device).forward(node.op, inputs, false);
        for (size_t i = 0; i < made.size(); ++i)
            m_values[static_cast<size_t>(node.outputs[i].index)] = std::move(made[i]);
    }
    m_outputs.clear();
    for (const ValueId id : m_wanted) m_outputs.push_back(value(id));
}

std::vector<at::Tensor> PrefixCache::rerun(NodeId changed, const at::Tensor& output) const {
    const at::NoGradGuard noGrad;
    const auto downstream = m_downstream.find(changed);
    require(downstream != m_downstream.end(), ErrorKind::Internal, "no output depends on node ",
            m_graph.node(changed).name);
    std::map<ValueId, at::Tensor> fresh{{m_graph.node(changed).outputs.front(), output}};
    const auto current = [&](ValueId id) {
        const auto found = fresh.find(id);
        return found == fresh.end() ? value(id) : found->second;
    };
    for (const NodeId id : downstream->second) {
        const Node& node = m_graph.node(id);
        std::vector<at::Tensor> inputs;
        for (const ValueId in : node.inputs) inputs.push_back(current(in));
        auto made = kernelsOf(output.device()).forward(node.op, inputs, false);
        for (size_t i = 0; i < made.size(); ++i) fresh[node.outputs[i]] = std::move(made[i]);
    }
    std::vector<at::Tensor> results;
    for (const ValueId id : m_wanted) results.push_back(current(id));
    return results;
}

}  // namespace qat
