// The overload set behind forward().
#include "ops/forward.h"

#include <ATen/ATen.h>

#include "ops/activation.h"
#include "ops/chain_tensors.h"
#include "ops/convolution.h"
#include "ops/fake_quantize.h"
#include "ops/fixed_split.h"
#include "ops/fused_activation.h"
#include "ops/integer_ops.h"
#include "ops/matrix_product.h"
#include "ops/portable.h"
#include "ops/portable_quantizers.h"

namespace qat {
namespace {

using Tensors = std::vector<at::Tensor>;

at::Tensor optionalInput(const Tensors& inputs, size_t index) {
    return index < inputs.size() ? inputs[index] : at::Tensor();
}

// In double precision libtorch's own runs an image a thread.
at::Tensor convolution(const Conv2d& op, const Tensors& in) {
    if (in[0].scalar_type() == at::kFloat) return convolve(op, in[0], in[1], optionalInput(in, 2));
    return at::conv2d(in[0], in[1], optionalInput(in, 2), op.stride, op.padding, op.dilation, op.groups);
}

// Codes are ordered like the numbers they stand for, so the largest code is the code of the largest.
at::Tensor pool(const Pool& op, const at::Tensor& x) {
    if (x.scalar_type() != at::kFloat && op.kind == PoolKind::Max)
        return pool(op, x.to(at::kFloat)).to(x.scalar_type());
    if (op.kind == PoolKind::Max) return at::max_pool2d(x, op.kernel, op.stride, op.padding);
    return at::avg_pool2d(x, op.kernel, op.stride, op.padding, /*ceil_mode=*/false, /*count_include_pad=*/false);
}

// libtorch resizes uint8 and not int8; where a byte goes does not depend on what it stands for.
at::Tensor resize(const Resize& op, const at::Tensor& x) {
    if (x.scalar_type() == at::kChar) return resize(op, x.view(at::kByte)).view(at::kChar);
    return at::upsample_nearest2d(x, {x.size(2) * op.factor, x.size(3) * op.factor});
}

at::Tensor combine(const Binary& op, const at::Tensor& a, const at::Tensor& b) {
    switch (op.kind) {
        case BinaryKind::Add:
            return at::add(a, b);
        case BinaryKind::Sub:
            return at::sub(a, b);
        case BinaryKind::Mul:
            return at::mul(a, b);
        case BinaryKind::Div:
            return at::div(a, b);
    }
    return {};
}

// 4-d float data goes through the fused kernels; anything else (vectors, tables) is small, and libtorch's.
at::Tensor activate(const Activation& op, const at::Tensor& x, bool train) {
    const bool learns = at::GradMode::is_enabled(), hasGradient = traitsOf(op.kind).backward != nullptr;
    if (x.dim() == 4 && (hasGradient || !learns))
        return applyChain({.norm = {}, .activation = op, .quantizer = {}}, x, {}, train, false);
    if (!learns) return piecewise(x, [&](const at::Tensor& values) { return portableActivation(op, values); });
    // The way back runs where no scope of ours reaches, and libtorch's exponentials are cut by the number of threads.
    if (hasGradient) return activate(op, x.reshape({x.numel(), 1, 1, 1}), train).view(x.sizes());
    const OneThread one;
    return portableActivation(op, x);
}

// Along an axis that is not the first, images do not know of one another.
at::Tensor softmax(const Softmax& op, const at::Tensor& x) {
    const auto plain = [&](const at::Tensor& values) { return at::softmax(values, op.axis); };
    if (!at::GradMode::is_enabled() && op.axis > 0 && x.size(0) > 0) return imageByImage(x, plain);
    const OneThread one;
    return plain(x);
}

// Sums are taken in an order of their own on each number of threads; on the way back nothing is added.
at::Tensor reduce(const Reduce& op, const at::Tensor& x) {
    const OneThread one;
    switch (op.kind) {
        case ReduceKind::Sum:
            return at::sum(x, op.axes, op.keep);
        case ReduceKind::Mean:
            return at::mean(x, op.axes, op.keep);
        case ReduceKind::Max:
            return at::amax(x, op.axes, op.keep);
    }
    return {};
}

Tensors anchorPoints(const AnchorPoints& op, const Tensors& maps) {
    Tensors points, strides;
    for (size_t level = 0; level < maps.size(); ++level) {
        const int64_t height = maps[level].size(2), width = maps[level].size(3);
        const at::Tensor x = (at::arange(width, at::kFloat) + 0.5).expand({height, width});
        const at::Tensor y = (at::arange(height, at::kFloat) + 0.5).unsqueeze(1).expand({height, width});
        points.push_back(at::stack({x.reshape(-1), y.reshape(-1)}));
        strides.push_back(at::full({1, height * width}, static_cast<float>(op.strides[level])));
    }
    return {at::cat(points, 1).unsqueeze(0), at::cat(strides, 1).unsqueeze(0)};
}

at::Tensor reshape(const Reshape& op, const at::Tensor& x) {
    Shape shape = op.shape;
    for (size_t i = 0; i < shape.size(); ++i)
        if (shape[i] == 0) shape[i] = x.size(static_cast<int64_t>(i));
    return at::reshape(x, shape);
}

struct Forward {
    const Tensors& in;
    bool train;

    Tensors operator()(const Conv2d& op) const { return {convolution(op, in)}; }
    Tensors operator()(const Linear&) const { return {at::linear(in[0], in[1], optionalInput(in, 2))}; }
    Tensors operator()(const MatMul&) const { return {matrixProduct(in[0], in[1])}; }
    Tensors operator()(const BatchNorm& op) const {
        return {applyChain({.norm = op, .activation = {}, .quantizer = {}}, in[0],
                           {in[1], in[2], in[3], in[4], {}, {}, nullptr}, train, false)};
    }
    Tensors operator()(const Activation& op) const { return {activate(op, in[0], train)}; }
    Tensors operator()(const Binary& op) const { return {combine(op, in[0], in[1])}; }
    Tensors operator()(const Pool& op) const { return {pool(op, in[0])}; }
    Tensors operator()(const Resize& op) const { return {resize(op, in[0])}; }
    Tensors operator()(const Concat& op) const { return {at::cat(in, op.axis)}; }
    Tensors operator()(const Split& op) const { return at::split_with_sizes(in[0], op.sizes, op.axis); }
    Tensors operator()(const Slice& op) const { return {at::slice(in[0], op.axis, op.start, op.end)}; }
    Tensors operator()(const Reshape& op) const { return {reshape(op, in[0])}; }
    Tensors operator()(const Permute& op) const { return {in[0].permute(op.order)}; }
    Tensors operator()(const Gather& op) const { return portableForward(op, in, train); }
    Tensors operator()(const Pad& op) const { return portableForward(op, in, train); }
    Tensors operator()(const Clip& op) const { return portableForward(op, in, train); }
    Tensors operator()(const Reduce& op) const { return {reduce(op, in[0])}; }
    Tensors operator()(const Softmax& op) const { return {softmax(op, in[0])}; }
    Tensors operator()(const AnchorPoints& op) const { return anchorPoints(op, in); }
    Tensors operator()(const FakeQuantize& op) const { return {fakeQuantize(op, in[0], in[1], in[2])}; }
    Tensors operator()(const Quantize& op) const {
        return {quantizeToCodes(in[0], codeGrid(op.qmin, op.qmax, in[1], in[2]))};
    }
    Tensors operator()(const Dequantize&) const { return {dequantizeCodes(in[0], in[1], in[2])}; }
    Tensors operator()(const IntegerConv2d& op) const {
        return {finishSums(op, exactSums(op.window(), in[0], in[1], in[2]), in)};
    }
    Tensors operator()(const IntegerMatMul& op) const { return {portable::integerMatMul(op, in)}; }
    Tensors operator()(const IntegerAdd& op) const { return {addCodes(op, in[0], in[1], in[2], in[3])}; }
    Tensors operator()(const Lookup&) const { return {lookUp(in[0], in[1])}; }
};

}  // namespace

std::vector<at::Tensor> forward(const Op& op, const std::vector<at::Tensor>& inputs, bool train) {
    return std::visit(Forward{inputs, train}, op);
}

}  // namespace qat
