// Arithmetic in both forms.
#include "ops/arithmetic_ops.h"

#include <ATen/ATen.h>

#include "ops/activation.h"
#include "ops/chain_tensors.h"
#include "ops/compute.h"
#include "ops/fixed_split.h"
#include "ops/fused_activation.h"

namespace qat {
namespace {

// 4-d float data goes through the fused kernels; anything else (vectors, tables) is small, and libtorch's.
at::Tensor activate(const Activation& op, const at::Tensor& x, bool train) {
    const bool learns = at::GradMode::is_enabled(), hasGradient = traitsOf(op.kind).backward != nullptr;
    if (x.dim() == 4 && (hasGradient || !learns))
        return applyChain({.norm = {}, .activation = op, .quantizer = {}}, x, {}, train, false);
    const auto portable = [&](const at::Tensor& values) { return traitsOf(op.kind).portable(values, op.slope); };
    if (!learns) return piecewise(x, portable);
    // The way back runs where no scope of ours reaches, and libtorch's exponentials are cut by the number of threads.
    if (hasGradient) return activate(op, x.reshape({x.numel(), 1, 1, 1}), train).view(x.sizes());
    const OneThread one;
    return portable(x);
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
        case BinaryKind::FloorDivide:
            return at::div(a, b, "floor");
    }
    return {};
}

// Codes are ordered like the numbers they stand for, so the largest code is the code of the largest.
at::Tensor pool(const Pool& op, const at::Tensor& x) {
    if (op.kind == PoolKind::Average)
        return at::avg_pool2d(x, op.kernel, op.stride, op.padding, /*ceil_mode=*/false, /*count_include_pad=*/false);
    if (!x.is_floating_point()) return pool(op, x.to(at::kFloat)).to(x.scalar_type());
    return at::max_pool2d(x, op.kernel, op.stride, op.padding);
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

at::Tensor plainReduce(const Reduce& op, const at::Tensor& x) {
    if (op.kind == ReduceKind::Max) return at::amax(x, op.axes, op.keep);
    const at::Tensor sum = at::sum(x, op.axes, op.keep);
    return op.kind == ReduceKind::Sum ? sum : sum * (static_cast<double>(sum.numel()) / static_cast<double>(x.numel()));
}

// Along an axis that is not the first, images do not know of one another.
at::Tensor softmax(const Softmax& op, const at::Tensor& x) {
    const auto plain = [&](const at::Tensor& values) { return at::softmax(values, op.axis); };
    if (!at::GradMode::is_enabled() && op.axis > 0 && x.size(0) > 0) return imageByImage(x, plain);
    const OneThread one;
    return plain(x);
}

at::Tensor plainSoftmax(const Softmax& op, const at::Tensor& x) {
    const at::Tensor e = at::exp(x - std::get<0>(x.max(op.axis, true)));
    return e / e.sum(op.axis, true);
}

struct PortableArithmetic {
    const Tensors& in;
    bool train;

    Tensors operator()(const Activation* op) const { return {traitsOf(op->kind).portable(in[0], op->slope)}; }
    Tensors operator()(const Binary* op) const { return {combine(*op, in[0], in[1])}; }
    Tensors operator()(const Clip* op) const { return {at::clamp(in[0], op->low, op->high)}; }
    Tensors operator()(const Pool* op) const { return {pool(*op, in[0])}; }
    Tensors operator()(const Reduce* op) const { return {plainReduce(*op, in[0])}; }
    Tensors operator()(const Softmax* op) const { return {plainSoftmax(*op, in[0])}; }
};

// What is not here is computed as above.
struct FastArithmetic : PortableArithmetic {
    using PortableArithmetic::operator();

    Tensors operator()(const Activation* op) const { return {activate(*op, in[0], train)}; }
    Tensors operator()(const Reduce* op) const { return {reduce(*op, in[0])}; }
    Tensors operator()(const Softmax* op) const { return {softmax(*op, in[0])}; }
};

}  // namespace

Tensors compute(ArithmeticOps::Pointer op, const Tensors& inputs, bool train, OpForm form) {
    if (form == OpForm::Portable) return std::visit(PortableArithmetic{inputs, train}, op);
    return std::visit(FastArithmetic{{inputs, train}}, op);
}

}  // namespace qat
