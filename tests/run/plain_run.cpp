// Literal libtorch calls, one an op.
#include "run/plain_run.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "ops/fake_quantize.h"

namespace qat::test {
namespace {

using Tensors = std::vector<at::Tensor>;

at::Tensor channelwise(const at::Tensor& vector) {
    return vector.reshape({1, -1, 1, 1});
}

at::Tensor batchNorm(const BatchNorm& op, const Tensors& in, bool train) {
    const at::Tensor mean = train ? in[0].mean({0, 2, 3}) : in[3];
    const at::Tensor variance = train ? (in[0] - channelwise(mean)).square().mean({0, 2, 3}) : in[4];
    return (in[0] - channelwise(mean)) / at::sqrt(channelwise(variance) + op.eps) * channelwise(in[1]) +
           channelwise(in[2]);
}

at::Tensor activation(const Activation& op, const at::Tensor& x) {
    if (op.kind == ActivationKind::Relu) return at::clamp_min(x, 0);
    return op.kind == ActivationKind::Silu ? x * at::sigmoid(x) : at::sigmoid(x);
}

at::Tensor binary(const Binary& op, const at::Tensor& a, const at::Tensor& b) {
    if (op.kind == BinaryKind::Add) return a + b;
    if (op.kind == BinaryKind::Sub) return a - b;
    return op.kind == BinaryKind::Mul ? a * b : a / b;
}

// In the value of `exact`, with the gradient of `smooth`.
at::Tensor withGradientOf(const at::Tensor& exact, const at::Tensor& smooth) {
    return smooth + (exact - smooth).detach();
}

// The sum of a step function and smooth terms whose derivatives are the published ones.
at::Tensor fakeQuantizer(const FakeQuantize& op, const Tensors& in) {
    Shape broadcast(static_cast<size_t>(in[0].dim()), 1);
    if (op.axis >= 0) broadcast[op.axis] = -1;
    const double factor = scaleGradientFactor(op, in[0].sizes().vec());
    const at::Tensor plain = in[1].abs().reshape(broadcast), zero = in[2].reshape(broadcast);
    const at::Tensor scale =
        op.mode == FakeQuantMode::Lsq ? withGradientOf(plain.detach(), plain * factor) : plain.detach();
    const at::Tensor ratio =
        (in[0].to(at::kFloat) * plain.detach().to(at::kFloat).reciprocal()).to(in[0].scalar_type()).detach();
    const at::Tensor rounded = at::round(ratio) + zero;
    const at::Tensor steps = at::clamp(rounded, op.qmin, op.qmax) - zero;
    const at::Tensor inside = rounded.ge(op.qmin).logical_and(rounded.le(op.qmax)).to(in[0].scalar_type());
    const double gain = op.mode == FakeQuantMode::Ste ? op.gradFactor : 1.0;
    const at::Tensor smooth = inside * (in[0] * gain + (steps - ratio) * scale) + (1 - inside) * steps * scale;
    return withGradientOf((steps * plain).detach(), smooth);
}

Tensors split(const Split& op, const at::Tensor& x) {
    Tensors parts;
    int64_t start = 0;
    for (const int64_t size : op.sizes) parts.push_back(x.narrow(op.axis, start, size)), start += size;
    return parts;
}

Tensors anchors(const AnchorPoints& op, const Tensors& maps) {
    std::vector<double> x, y, stride;
    for (size_t level = 0; level < maps.size(); ++level)
        for (int64_t row = 0; row < maps[level].size(2); ++row)
            for (int64_t column = 0; column < maps[level].size(3); ++column) {
                x.push_back(static_cast<double>(column) + 0.5);
                y.push_back(static_cast<double>(row) + 0.5);
                stride.push_back(static_cast<double>(op.strides[level]));
            }
    const auto type = maps.front().scalar_type();
    const auto vector = [&](const std::vector<double>& values) { return at::tensor(values, at::kDouble).to(type); };
    return {at::stack({vector(x), vector(y)}).unsqueeze(0), vector(stride).reshape({1, 1, -1})};
}

at::Tensor pool(const Pool& op, const at::Tensor& x) {
    if (op.kind == PoolKind::Max) return at::max_pool2d(x, op.kernel, op.stride, op.padding);
    return at::avg_pool2d(x, op.kernel, op.stride, op.padding, false, false);
}

at::Tensor reshape(const Reshape& op, const at::Tensor& x) {
    Shape shape = op.shape;
    for (size_t i = 0; i < shape.size(); ++i) shape[i] = shape[i] ? shape[i] : x.size(static_cast<int64_t>(i));
    return x.reshape(shape);
}

at::Tensor third(const Tensors& in) {
    return in.size() > 2 ? in[2] : at::Tensor();
}

}  // namespace

Tensors plainOp(const Op& op, const Tensors& in, bool train) {
    return std::visit(
        Overload{
            [&](const Conv2d& o) -> Tensors {
                return {at::conv2d(in[0], in[1], third(in), o.stride, o.padding, o.dilation, o.groups)};
            },
            [&](const Linear&) -> Tensors { return {at::linear(in[0], in[1], third(in))}; },
            [&](const BatchNorm& o) -> Tensors { return {batchNorm(o, in, train)}; },
            [&](const Activation& o) -> Tensors { return {activation(o, in[0])}; },
            [&](const Binary& o) -> Tensors { return {binary(o, in[0], in[1])}; },
            [&](const Pool& o) -> Tensors { return {pool(o, in[0])}; },
            [&](const Resize& o) -> Tensors {
                return {in[0].repeat_interleave(o.factor, 2).repeat_interleave(o.factor, 3)};
            },
            [&](const Concat& o) -> Tensors { return {at::cat(in, o.axis)}; },
            [&](const Split& o) -> Tensors { return split(o, in[0]); },
            [&](const Slice& o) -> Tensors {
                return {in[0].narrow(o.axis, o.start, std::min(o.end, in[0].size(o.axis)) - o.start)};
            },
            [&](const Reshape& o) -> Tensors { return {reshape(o, in[0])}; },
            [&](const Permute& o) -> Tensors { return {in[0].permute(o.order)}; },
            [&](const Softmax& o) -> Tensors {
                const at::Tensor e = at::exp(in[0] - std::get<0>(in[0].max(o.axis, true)));
                return {e / e.sum(o.axis, true)};
            },
            [&](const AnchorPoints& o) -> Tensors { return anchors(o, in); },
            [&](const FakeQuantize& o) -> Tensors { return {fakeQuantizer(o, in)}; },
            [&](const auto&) -> Tensors { fail(ErrorKind::Internal, "operators on codes have tests of their own"); }},
        op);
}

PlainRun::PlainRun(const Graph& graph, const at::Tensor& input, bool train, std::map<ValueId, at::Tensor> stored)
    : m_graph(graph) {
    for (const ValueId id : graph.storedValues()) m_values[id] = graph.value(id).data->detach().to(input.scalar_type());
    for (auto& [id, tensor] : stored) m_values[id] = std::move(tensor);
    m_values[graph.inputs().front()] = input;
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        Tensors inputs;
        for (const ValueId in : node.inputs) inputs.push_back(m_values.at(in));
        const Tensors made = plainOp(node.op, inputs, train);
        for (size_t i = 0; i < made.size(); ++i) m_values[node.outputs[i]] = made[i];
    }
}

}  // namespace qat::test
