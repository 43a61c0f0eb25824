// Literal libtorch calls, one an operator.
#include "ops/portable.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "ops/portable_quantizers.h"

namespace qat {
namespace portable {
namespace {

at::Tensor channelVector(const at::Tensor& vector) {
    return vector.reshape({1, -1, 1, 1});
}

// Towards the statistics of the batch, with the unbiased variance.
void moveRunning(const BatchNorm& op, const Tensors& in, const at::Tensor& mean, const at::Tensor& variance) {
    const at::NoGradGuard noGrad;
    const double rows = static_cast<double>(in[0].numel() / in[0].size(1));
    at::Tensor runningMean = in[3], runningVariance = in[4];
    runningMean.mul_(1 - op.momentum).add_(mean.detach(), op.momentum);
    runningVariance.mul_(1 - op.momentum).add_(variance.detach(), op.momentum * rows / std::max(1.0, rows - 1));
}

at::Tensor batchNorm(const BatchNorm& op, const Tensors& in, bool train) {
    const at::Tensor mean = train ? in[0].mean({0, 2, 3}) : in[3];
    const at::Tensor variance = train ? (in[0] - channelVector(mean)).square().mean({0, 2, 3}) : in[4];
    const at::Tensor y = (in[0] - channelVector(mean)) / at::sqrt(channelVector(variance) + op.eps);
    if (train) moveRunning(op, in, mean, variance);
    return y * channelVector(in[1]) + channelVector(in[2]);
}

at::Tensor binary(const Binary& op, const at::Tensor& a, const at::Tensor& b) {
    switch (op.kind) {
        case BinaryKind::Add:
            return a + b;
        case BinaryKind::Sub:
            return a - b;
        case BinaryKind::Mul:
            return a * b;
        case BinaryKind::Div:
            return a / b;
    }
    return {};
}

// Codes are ordered like the numbers they stand for.
at::Tensor pool(const Pool& op, const at::Tensor& x) {
    if (op.kind == PoolKind::Average) return at::avg_pool2d(x, op.kernel, op.stride, op.padding, false, false);
    if (!x.is_floating_point()) return pool(op, x.to(at::kFloat)).to(x.scalar_type());
    return at::max_pool2d(x, op.kernel, op.stride, op.padding);
}

Tensors split(const Split& op, const at::Tensor& x) {
    Tensors parts;
    int64_t start = 0;
    for (const int64_t size : op.sizes) parts.push_back(x.narrow(op.axis, start, size)), start += size;
    return parts;
}

at::Tensor slice(const Slice& op, const at::Tensor& x) {
    const int64_t size = x.size(op.axis), start = std::min(op.start, size);
    return x.narrow(op.axis, start, std::clamp(op.end, start, size) - start);
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
    const auto vector = [&](const std::vector<double>& values) {
        return at::tensor(values, at::kDouble).to(maps.front().options());
    };
    return {at::stack({vector(x), vector(y)}).unsqueeze(0), vector(stride).reshape({1, 1, -1})};
}

at::Tensor reshape(const Reshape& op, const at::Tensor& x) {
    Shape shape = op.shape;
    for (size_t i = 0; i < shape.size(); ++i) shape[i] = shape[i] ? shape[i] : x.size(static_cast<int64_t>(i));
    return x.reshape(shape);
}

at::Tensor gather(const Gather& op, const at::Tensor& x) {
    return x.index_select(op.axis, at::tensor(op.indices, at::kLong).to(x.device()));
}

// libtorch counts dimensions from the last.
at::Tensor pad(const Pad& op, const at::Tensor& x) {
    require(static_cast<int64_t>(op.before.size()) == x.dim() && op.after.size() == op.before.size(),
            ErrorKind::BadInput, "pads ", op.before.size(), " dimensions of ", x.dim());
    Shape sides;
    for (size_t i = op.before.size(); i-- > 0;) sides.insert(sides.end(), {op.before[i], op.after[i]});
    return at::constant_pad_nd(x, sides, op.value);
}

at::Tensor reduce(const Reduce& op, const at::Tensor& x) {
    if (op.kind == ReduceKind::Max) return at::amax(x, op.axes, op.keep);
    const at::Tensor sum = at::sum(x, op.axes, op.keep);
    return op.kind == ReduceKind::Sum ? sum : sum * (static_cast<double>(sum.numel()) / static_cast<double>(x.numel()));
}

at::Tensor softmax(const Softmax& op, const at::Tensor& x) {
    const at::Tensor e = at::exp(x - std::get<0>(x.max(op.axis, true)));
    return e / e.sum(op.axis, true);
}

at::Tensor third(const Tensors& in) {
    return in.size() > 2 ? in[2] : at::Tensor();
}

struct Forward {
    const Tensors& in;
    bool train;

    Tensors operator()(const Conv2d& op) const {
        return {at::conv2d(in[0], in[1], third(in), op.stride, op.padding, op.dilation, op.groups)};
    }
    Tensors operator()(const Linear&) const { return {at::linear(in[0], in[1], third(in))}; }
    Tensors operator()(const MatMul&) const { return {at::matmul(in[0], in[1])}; }
    Tensors operator()(const BatchNorm& op) const { return {batchNorm(op, in, train)}; }
    Tensors operator()(const Activation& op) const { return {portableActivation(op, in[0])}; }
    Tensors operator()(const Binary& op) const { return {binary(op, in[0], in[1])}; }
    Tensors operator()(const Pool& op) const { return {pool(op, in[0])}; }
    Tensors operator()(const Resize& op) const {
        return {in[0].repeat_interleave(op.factor, 2).repeat_interleave(op.factor, 3)};
    }
    Tensors operator()(const Concat& op) const { return {at::cat(in, op.axis)}; }
    Tensors operator()(const Split& op) const { return split(op, in[0]); }
    Tensors operator()(const Slice& op) const { return {slice(op, in[0])}; }
    Tensors operator()(const Reshape& op) const { return {reshape(op, in[0])}; }
    Tensors operator()(const Permute& op) const { return {in[0].permute(op.order)}; }
    Tensors operator()(const Gather& op) const { return {gather(op, in[0])}; }
    Tensors operator()(const Pad& op) const { return {pad(op, in[0])}; }
    Tensors operator()(const Clip& op) const { return {at::clamp(in[0], op.low, op.high)}; }
    Tensors operator()(const Reduce& op) const { return {reduce(op, in[0])}; }
    Tensors operator()(const Softmax& op) const { return {softmax(op, in[0])}; }
    Tensors operator()(const AnchorPoints& op) const { return anchors(op, in); }
    Tensors operator()(const FakeQuantize& op) const { return {fakeQuantize(op, in)}; }
    Tensors operator()(const Quantize& op) const { return {quantize(op, in)}; }
    Tensors operator()(const Dequantize&) const { return {dequantize(in)}; }
    Tensors operator()(const IntegerConv2d& op) const { return {integerConv(op, in)}; }
    Tensors operator()(const IntegerMatMul& op) const { return {integerMatMul(op, in)}; }
    Tensors operator()(const IntegerAdd& op) const { return {integerAdd(op, in)}; }
    Tensors operator()(const Lookup&) const { return {lookUp(in)}; }
};

}  // namespace
}  // namespace portable

at::Tensor portableActivation(const Activation& op, const at::Tensor& x) {
    switch (op.kind) {
        case ActivationKind::Relu:
            return at::relu(x);
        case ActivationKind::Silu:
            return at::silu(x);
        case ActivationKind::Sigmoid:
            return at::sigmoid(x);
        case ActivationKind::LeakyRelu:
            return at::leaky_relu(x, op.slope);
        case ActivationKind::Relu6:
            return at::hardtanh(x, 0, 6);
        case ActivationKind::Hardswish:
            return at::hardswish(x);
        case ActivationKind::HardSigmoid:
            return at::hardsigmoid(x);
        case ActivationKind::HardTanh:
            return at::hardtanh(x);
        case ActivationKind::Tanh:
            return at::tanh(x);
        case ActivationKind::Elu:
            return at::elu(x);
        case ActivationKind::Mish:
            return at::mish(x);
        case ActivationKind::Gelu:
            return at::gelu(x);
        case ActivationKind::GeluTanh:
            return at::gelu(x, "tanh");
    }
    return {};
}

std::vector<at::Tensor> portableForward(const Op& op, const std::vector<at::Tensor>& inputs, bool train) {
    return std::visit(portable::Forward{inputs, train}, op);
}

}  // namespace qat
