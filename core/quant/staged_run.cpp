// The stage of a node is the number of pauses on the longest way to it; a value lives until the last step that reads
// it.
#include "quant/staged_run.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "ops/forward.h"

namespace qat {

StagedRun::StagedRun(const Graph& graph, const std::vector<NodeId>& pauses) : m_graph(graph) {
    planStages(pauses);
    planReleases();
}

void StagedRun::planStages(const std::vector<NodeId>& pauses) {
    const std::set<NodeId> waits(pauses.begin(), pauses.end());
    std::map<ValueId, size_t> stages{{m_graph.inputs().front(), 0}};  // of values that depend on the input
    for (const NodeId id : m_graph.order()) {
        const Node& node = m_graph.node(id);
        size_t stage = 0;
        bool moves = false;
        for (const ValueId input : node.inputs)
            if (const auto found = stages.find(input); found != stages.end())
                stage = std::max(stage, found->second), moves = true;
        if (!moves) continue;
        if (waits.contains(id)) {
            if (m_paused.size() <= stage) m_paused.resize(stage + 1);
            m_paused[stage++].push_back(id);
        }
        for (const ValueId made : node.outputs) stages[made] = stage;
        m_steps.push_back({id, stage, {}});
    }
    std::ranges::stable_sort(m_steps, {}, &Step::stage);
    // Nobody waits for what comes after the last pause.
    std::erase_if(m_steps, [&](const Step& step) { return step.stage >= m_paused.size(); });
}

void StagedRun::planReleases() {
    std::map<ValueId, size_t> lastUse;
    for (size_t i = 0; i < m_steps.size(); ++i) {
        const Node& node = m_graph.node(m_steps[i].node);
        for (const ValueId made : node.outputs) lastUse[made] = i;
        for (const ValueId input : node.inputs) lastUse[input] = i;
    }
    // What stands before a pause of the last stage is read by no step.
    for (const NodeId id : m_paused.empty() ? std::vector<NodeId>{} : m_paused.back())
        for (const ValueId input : m_graph.node(id).inputs) lastUse.erase(input);
    for (const auto& [value, step] : lastUse) m_steps[step].release.push_back(value);
}

StagedRun::State StagedRun::begin(const at::Tensor& images) const {
    return {{{m_graph.inputs().front(), images.contiguous(at::MemoryFormat::ChannelsLast)}}, 0};
}

void StagedRun::advance(State& state, size_t stage) const {
    for (; state.done < m_steps.size() && m_steps[state.done].stage <= stage; ++state.done) {
        const Step& step = m_steps[state.done];
        const std::vector<at::Tensor> made = compute(state, step.node);
        const Node& node = m_graph.node(step.node);
        for (size_t i = 0; i < made.size(); ++i) state.values[node.outputs[i]] = made[i];
        for (const ValueId done : step.release) state.values.erase(done);
    }
}

at::Tensor StagedRun::result(const State& state, NodeId node) const {
    return compute(state, node).front();
}

at::Tensor StagedRun::value(const State& state, ValueId id) const {
    if (const auto& stored = m_graph.value(id).data) return *stored;
    if (const auto found = state.values.find(id); found != state.values.end()) return found->second;
    const auto maker = m_graph.producer(id);
    require(maker.has_value(), ErrorKind::Internal, "value ", m_graph.value(id).name, " has no tensor");
    const auto made = compute(state, *maker);
    const auto& outputs = m_graph.node(*maker).outputs;
    return made[static_cast<size_t>(std::ranges::find(outputs, id) - outputs.begin())];
}

std::vector<at::Tensor> StagedRun::compute(const State& state, NodeId id) const {
    const at::NoGradGuard noGrad;
    const Node& node = m_graph.node(id);
    std::vector<at::Tensor> inputs;
    for (const ValueId input : node.inputs) inputs.push_back(value(state, input));
    try {
        return forward(node.op, inputs, false);
    } catch (const c10::Error& error) {
        fail(ErrorKind::BadInput, opName(node.op), " \"", node.name, "\": ", error.what_without_backtrace());
    }
}

}  // namespace qat
