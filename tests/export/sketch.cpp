// Draws the small graphs.
#include "export/sketch.h"

#include <ATen/ATen.h>

#include "run/executor.h"

namespace qat::test {
namespace {

int64_t countOf(const Shape& shape) {
    int64_t count = 1;
    for (const int64_t size : shape) count *= size;
    return count;
}

}  // namespace

Sketch::Sketch(Shape inputShape) {
    graph.addInput("images", std::move(inputShape));
}

ValueId Sketch::numbers(const std::string& name, const Shape& shape, const std::vector<float>& values) {
    return graph.addParameter(name, std::make_shared<at::Tensor>(at::tensor(values).reshape(shape)), shape);
}

ValueId Sketch::parameter(const std::string& name, const Shape& shape, double low, double high) {
    std::vector<float> values(static_cast<size_t>(countOf(shape)));
    for (float& value : values) value = static_cast<float>(m_random.uniform(low, high));
    return numbers(name, shape, values);
}

Range Sketch::range(const std::string& name, float scale, float zeroPoint, int64_t bits, int64_t qmin, int64_t qmax) {
    return {numbers(name + ".scale", {1}, {scale}), numbers(name + ".zero_point", {1}, {zeroPoint}), bits, qmin, qmax};
}

ValueId Sketch::quantize(const std::string& name, ValueId x, const Range& range) {
    const FakeQuantize op{.bits = range.bits, .qmin = range.qmin, .qmax = range.qmax};
    return graph.add(name, op, {x, range.scale, range.zeroPoint});
}

ValueId Sketch::conv(const std::string& name, ValueId x, const ConvPlan& plan) {
    ValueId weight =
        parameter(name + ".weight", {plan.out, plan.in / plan.groups, plan.kernel, plan.kernel}, -0.5, 0.5);
    if (plan.weightBits > 0) {
        const int64_t most = (int64_t{1} << (plan.weightBits - 1)) - 1;
        const int64_t count = plan.perTensor ? 1 : plan.out;
        const ValueId scale = parameter(name + ".weight.scale", {count}, 0.4 / static_cast<double>(most),
                                        0.5 / static_cast<double>(most));
        const ValueId zero =
            numbers(name + ".weight.zero_point", {count}, std::vector<float>(static_cast<size_t>(count), 0.f));
        const FakeQuantize op{
            .bits = plan.weightBits, .qmin = -most, .qmax = most, .axis = plan.perTensor ? -1 : 0, .weight = true};
        weight = graph.add(name + ".weight_quant", op, {weight, scale, zero});
    }
    std::vector<ValueId> inputs{x, weight};
    if (plan.bias) inputs.push_back(parameter(name + ".bias", {plan.out}, -0.2, 0.2));
    const int64_t padding = plan.kernel / 2;
    return graph.add(name,
                     Conv2d{.stride = {plan.stride, plan.stride}, .padding = {padding, padding}, .groups = plan.groups},
                     inputs);
}

Graph Sketch::finish(const std::string& output, ValueId value, OutputRole role) {
    graph.setOutput(output, value, role);
    return finish();
}

Graph Sketch::finish() {
    verify(graph);
    probeShapes(graph, graph.value(input()).shape);
    return std::move(graph);
}

std::vector<float> sampleInput(const Graph& graph, uint64_t seed) {
    Random random(seed);
    std::vector<float> values(static_cast<size_t>(countOf(graph.value(graph.inputs().front()).shape)));
    for (float& value : values) value = static_cast<float>(random.uniform(-1, 1));
    return values;
}

}  // namespace qat::test
