// Planning and running: nodes that only feed one another (norm, activation, quantizer) become one fused step, and every
// value is released after its last use.
#include "run/executor.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "graph/device.h"
#include "ops/activation.h"
#include "ops/chain_tensors.h"
#include "ops/fused_activation.h"
#include "ops/kernels.h"
#include "run/frozen_step.h"

namespace qat {
namespace {

// One unit of work: a single node, or a chain of up to three.
struct Step {
    std::vector<NodeId> nodes;
    std::vector<ValueId> release;  // values nobody reads after this step
    bool mayOverwriteInput = false;
    std::shared_ptr<FrozenStep> frozen;  // made at the first run
};

using UseCount = std::map<ValueId, int>;

std::set<NodeId> neededNodes(const Graph& graph, const std::vector<ValueId>& wanted) {
    std::set<ValueId> values(wanted.begin(), wanted.end());
    std::set<NodeId> needed;
    for (auto id = graph.order().rbegin(); id != graph.order().rend(); ++id) {
        const Node& node = graph.node(*id);
        if (std::ranges::none_of(node.outputs, [&](ValueId made) { return values.contains(made); })) continue;
        needed.insert(*id);
        values.insert(node.inputs.begin(), node.inputs.end());
    }
    return needed;
}

// Position of an op in a chain: a later one may follow an earlier one. 0 = takes no part.
int chainRank(const Op& op, bool grad) {
    if (std::holds_alternative<BatchNorm>(op)) return 1;
    if (const auto* activation = std::get_if<Activation>(&op))
        return grad && !traitsOf(activation->kind).backward ? 0 : 2;
    if (const auto* quantizer = std::get_if<FakeQuantize>(&op))
        return quantizer->axis < 0 && !quantizer->weight ? 3 : 0;
    return 0;
}

}  // namespace

struct Executor::Plan {
    const Graph& graph;
    ExecutorOptions options;
    const at::Device device;  // where the graph lies
    const Kernels& kernels;
    std::vector<ValueId> wanted;
    std::map<ValueId, at::Tensor> constants;  // frozen: made from stored values only
    std::vector<Step> fused;
    std::vector<Step> hooked;  // what the hook wants to see comes out of a step
    Hook hook;
    std::function<bool(ValueId)> wantsValue;  // the hook
    std::function<bool(ValueId)> wantsRange;
    RangeSink rangeSink;

    Plan(const Graph& g, ExecutorOptions o)
        : graph(g),
          options(std::move(o)),
          device(deviceOf(g)),
          kernels(options.portable ? portableKernels() : kernelsOf(device)) {
        for (const auto& name : options.outputs) {
            wanted.push_back(graph.output(name));
            require(wanted.back().valid(), ErrorKind::BadInput, "the model has no output called ", name);
        }
        wanted.insert(wanted.end(), options.values.begin(), options.values.end());
        require(!(options.frozen || options.precise) || !(options.train || options.grad), ErrorKind::Internal,
                "not a way to train");
        if (options.frozen) findConstants();
        fused = makeSteps([](ValueId) { return false; });
    }

    void findConstants();
    bool isConstant(ValueId id) const { return graph.value(id).data || constants.contains(id); }
    at::Tensor constant(ValueId id) const { return graph.value(id).data ? *graph.value(id).data : constants.at(id); }
    UseCount countUses(const std::set<NodeId>& needed, const std::function<bool(ValueId)>& isShown) const;
    std::vector<Step> makeSteps(const std::function<bool(ValueId)>& isShown) const;
    bool joins(const Step& step, const Node& node) const;
    bool startsFrozenStep(const Node& node) const;
    std::vector<const Node*> nodesOf(const Step& step) const;
    void markReleases(std::vector<Step>& steps) const;
    std::vector<at::Tensor> inputsOf(const Node& node, const std::vector<at::Tensor>& values) const;
    void runStep(Step& step, std::vector<at::Tensor>& values) const;
    void compute(Step& step, std::vector<at::Tensor>& values) const;
    void computeNode(const Node& node, std::vector<at::Tensor>& values) const;
    void tellRange(const Node& node, const at::Tensor& x) const;
    at::Tensor runChain(const Step& step, const std::vector<at::Tensor>& values) const;
};

// Weight quantizers, mostly.
void Executor::Plan::findConstants() {
    const at::NoGradGuard noGrad;
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        if (!std::ranges::all_of(node.inputs, [&](ValueId input) { return isConstant(input); })) continue;
        std::vector<at::Tensor> inputs;
        for (const ValueId input : node.inputs) inputs.push_back(constant(input));
        const auto made = kernels.forward(node.op, inputs, false);
        for (size_t i = 0; i < made.size(); ++i) constants[node.outputs[i]] = made[i];
    }
}

std::vector<const Node*> Executor::Plan::nodesOf(const Step& step) const {
    std::vector<const Node*> nodes;
    for (const NodeId id : step.nodes) nodes.push_back(&graph.node(id));
    return nodes;
}

bool Executor::Plan::startsFrozenStep(const Node& node) const {
    return options.frozen && !options.precise && kernels.packsConvolutions() && startsFrozen(node.op) &&
           !isConstant(node.inputs[0]) &&
           std::all_of(node.inputs.begin() + 1, node.inputs.end(), [&](ValueId input) { return isConstant(input); });
}

// Whether the step may take the node as its last one; it reads what the step makes.
bool Executor::Plan::joins(const Step& step, const Node& node) const {
    if (startsFrozenStep(graph.node(step.nodes.front()))) return joinsFrozen(nodesOf(step), node.op);
    const int rank = chainRank(node.op, options.grad);
    return rank > 0 && chainRank(graph.node(step.nodes.back()).op, options.grad) < rank;
}

UseCount Executor::Plan::countUses(const std::set<NodeId>& needed, const std::function<bool(ValueId)>& isShown) const {
    constexpr int kSurvives = 2;  // as it is: neither within a step nor overwritten
    UseCount uses;
    for (const NodeId id : needed) {
        for (const ValueId input : graph.node(id).inputs) ++uses[input];
        for (const ValueId made : graph.node(id).outputs)
            if (isShown(made)) uses[made] += kSurvives;
    }
    for (const ValueId output : wanted) uses[output] += kSurvives;
    return uses;
}

std::vector<Step> Executor::Plan::makeSteps(const std::function<bool(ValueId)>& isShown) const {
    const std::set<NodeId> needed = neededNodes(graph, wanted);
    UseCount uses = countUses(needed, isShown);
    std::vector<Step> steps;
    std::map<ValueId, size_t> chainEnd;  // value made by the last node of a step that may grow
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        if (!needed.contains(id) || constants.contains(node.outputs.front())) continue;
        const auto grow = chainEnd.find(node.inputs.front());
        if (grow != chainEnd.end() && uses[node.inputs.front()] == 1 && joins(steps[grow->second], node)) {
            const size_t index = grow->second;
            steps[index].nodes.push_back(id);
            chainEnd[node.outputs.front()] = index;
            continue;
        }
        steps.push_back({.nodes = {id}, .release = {}, .frozen = nullptr});
        if (chainRank(node.op, options.grad) > 0 || startsFrozenStep(node))
            chainEnd[node.outputs.front()] = steps.size() - 1;
    }
    markReleases(steps);
    for (Step& step : steps) {
        const ValueId input = graph.node(step.nodes.front()).inputs.front();
        const auto maker = graph.producer(input);
        step.mayOverwriteInput = options.inPlace && !options.grad && uses[input] == 1 && maker &&
                                 std::holds_alternative<Conv2d>(graph.node(*maker).op);
    }
    return steps;
}

void Executor::Plan::markReleases(std::vector<Step>& steps) const {
    std::map<ValueId, size_t> lastUse;
    for (size_t i = 0; i < steps.size(); ++i)
        for (const NodeId id : steps[i].nodes) {
            for (const ValueId input : graph.node(id).inputs) lastUse[input] = i;
            for (const ValueId made : graph.node(id).outputs) lastUse.try_emplace(made, i);
        }
    for (const ValueId output : wanted) lastUse.erase(output);
    for (const auto& [value, step] : lastUse) steps[step].release.push_back(value);
}

std::vector<at::Tensor> Executor::Plan::inputsOf(const Node& node, const std::vector<at::Tensor>& values) const {
    std::vector<at::Tensor> inputs;
    inputs.reserve(node.inputs.size());
    for (const ValueId id : node.inputs) {
        const Value& value = graph.value(id);
        inputs.push_back(isConstant(id) ? constant(id) : values[static_cast<size_t>(id.index)]);
        require(inputs.back().defined(), ErrorKind::Internal, "value ", value.name, " has no tensor");
    }
    return inputs;
}

// Chains of two or three nodes, and single batch norms, activations and quantizers of 4-d data.
at::Tensor Executor::Plan::runChain(const Step& step, const std::vector<at::Tensor>& values) const {
    ActivationChain chain;
    ChainTensors tensors;
    std::pair<float, float> range;
    ValueId ranged;
    const at::Tensor x = inputsOf(graph.node(step.nodes.front()), values).front();
    for (const NodeId id : step.nodes) {
        const Node& node = graph.node(id);
        const auto stored = [&](size_t index) { return *graph.value(node.inputs[index]).data; };
        if (const auto* norm = std::get_if<BatchNorm>(&node.op)) {
            chain.norm = *norm;
            tensors.weight = stored(1), tensors.bias = stored(2), tensors.runningMean = stored(3),
            tensors.runningVar = stored(4);
        } else if (const auto* quantizer = std::get_if<FakeQuantize>(&node.op)) {
            chain.quantizer = *quantizer;
            tensors.scale = stored(1), tensors.zeroPoint = stored(2);
            if (rangeSink && wantsRange(node.inputs[0])) tensors.range = &range, ranged = node.inputs[0];
        } else
            chain.activation = std::get<Activation>(node.op);
    }
    at::Tensor y = kernels.chain(chain, x, tensors, options.train, step.mayOverwriteInput);
    if (ranged.valid()) rangeSink(ranged, range.first, range.second);
    return y;
}

void Executor::Plan::compute(Step& step, std::vector<at::Tensor>& values) const {
    const Node& first = graph.node(step.nodes.front());
    const Node& last = graph.node(step.nodes.back());
    const at::Tensor& x = values[static_cast<size_t>(first.inputs.front().index)];
    at::Tensor& result = values[static_cast<size_t>(last.outputs.front().index)];
    if (startsFrozenStep(first)) {
        if (!step.frozen)
            step.frozen = std::make_shared<FrozenStep>(nodesOf(step), [&](ValueId id) { return constant(id); });
        result = step.frozen->run(x);
    } else if (kernels.fusesChains() && chainRank(first.op, options.grad) > 0 && x.defined() && x.dim() == 4) {
        result = runChain(step, values);
    } else {
        for (const NodeId id : step.nodes) computeNode(graph.node(id), values);
    }
}

void Executor::Plan::computeNode(const Node& node, std::vector<at::Tensor>& values) const {
    const auto inputs = inputsOf(node, values);
    if (const auto* quantizer = std::get_if<FakeQuantize>(&node.op);
        quantizer && quantizer->weight && options.shapesOnly) {
        values[static_cast<size_t>(node.outputs.front().index)] = inputs.front();
        return;
    }
    if (!kernels.fusesChains()) tellRange(node, inputs.front());
    auto made =
        options.precise ? forwardPrecisely(kernels, node.op, inputs) : kernels.forward(node.op, inputs, options.train);
    for (size_t i = 0; i < made.size(); ++i) values[static_cast<size_t>(node.outputs[i].index)] = std::move(made[i]);
}

// What the fused pass tells as a by-product.
void Executor::Plan::tellRange(const Node& node, const at::Tensor& x) const {
    if (chainRank(node.op, options.grad) != 3 || !rangeSink || !wantsRange(node.inputs[0])) return;
    const auto [low, high] = kernels.extremes(x.detach());
    rangeSink(node.inputs[0], low, high);
}

void Executor::Plan::runStep(Step& step, std::vector<at::Tensor>& values) const {
    const Node& first = graph.node(step.nodes.front());
    try {
        compute(step, values);
    } catch (const c10::Error& error) {
        fail(ErrorKind::BadInput, opName(first.op), " \"", first.name, "\": ", error.what_without_backtrace());
    } catch (const Error& error) {
        fail(error.kind(), opName(first.op), " \"", first.name, "\": ", error.what());
    }
    if (hook)
        for (const ValueId made : graph.node(step.nodes.back()).outputs)
            if (wantsValue(made)) hook(made, values[static_cast<size_t>(made.index)]);
    for (const ValueId done : step.release) values[static_cast<size_t>(done.index)] = at::Tensor();
}

Executor::Executor(const Graph& graph, ExecutorOptions options)
    : m_plan(std::make_unique<Plan>(graph, std::move(options))) {}
Executor::~Executor() = default;
Executor::Executor(Executor&&) noexcept = default;
Executor& Executor::operator=(Executor&&) noexcept = default;

void Executor::setRangeSink(std::function<bool(ValueId)> wants, RangeSink sink) {
    m_plan->wantsRange = std::move(wants);
    m_plan->rangeSink = std::move(sink);
}

void Executor::setHook(Hook hook, std::function<bool(ValueId)> wants) {
    Plan& plan = *m_plan;
    plan.hook = std::move(hook);
    plan.wantsValue = wants ? std::move(wants) : [](ValueId) { return true; };
    plan.hooked = plan.hook ? plan.makeSteps(plan.wantsValue) : std::vector<Step>();
}

std::vector<at::Tensor> Executor::run(const at::Tensor& given) {
    Plan& plan = *m_plan;
    const at::Tensor input = given.to(plan.device);
    const at::AutoGradMode gradMode(plan.options.grad);
    const ValueId inputId = plan.graph.inputs().front();
    std::vector<at::Tensor> values(plan.graph.valueCount());
    at::Tensor& first = values[static_cast<size_t>(inputId.index)];
    first = plan.options.channelsLast && input.dim() == 4 ? input.contiguous(at::MemoryFormat::ChannelsLast) : input;
    if (plan.hook && plan.wantsValue(inputId)) plan.hook(inputId, first);
    for (Step& step : plan.hook ? plan.hooked : plan.fused) plan.runStep(step, values);
    std::vector<at::Tensor> results;
    for (const ValueId id : plan.wanted) results.push_back(values[static_cast<size_t>(id.index)]);
    return results;
}

void probeShapes(Graph& graph, const Shape& inputShape) {
    std::vector<std::string> outputs;
    for (const auto& output : graph.outputs()) outputs.push_back(output.name);
    Executor executor(graph, {.outputs = outputs, .shapesOnly = true});
    executor.setHook([&](ValueId id, const at::Tensor& value) { graph.value(id).shape = value.sizes().vec(); });
    executor.run(at::zeros(inputShape));
}

}  // namespace qat
