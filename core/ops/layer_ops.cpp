// Layers, products and batch norm in both forms.
#include "ops/layer_ops.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "ops/chain_tensors.h"
#include "ops/compute.h"
#include "ops/convolution.h"
#include "ops/fused_activation.h"
#include "ops/matrix_product.h"

namespace qat {
namespace {

at::Tensor optionalBias(const Tensors& in) {
    return in.size() > 2 ? in[2] : at::Tensor();
}

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

struct PortableLayers {
    const Tensors& in;
    bool train;

    Tensors operator()(const Conv2d* op) const {
        return {at::conv2d(in[0], in[1], optionalBias(in), op->stride, op->padding, op->dilation, op->groups)};
    }
    Tensors operator()(const ConvTranspose2d* op) const {
        return {at::conv_transpose2d(in[0], in[1], optionalBias(in), op->stride, op->padding, op->outputPadding,
                                     op->groups, op->dilation)};
    }
    Tensors operator()(const Linear*) const { return {at::linear(in[0], in[1], optionalBias(in))}; }
    Tensors operator()(const MatMul*) const { return {at::matmul(in[0], in[1])}; }
    Tensors operator()(const BatchNorm* op) const { return {batchNorm(*op, in, train)}; }
};

// What is not here is computed as above. In double precision libtorch's convolutions run an image a thread.
struct FastLayers : PortableLayers {
    using PortableLayers::operator();

    Tensors operator()(const Conv2d* op) const {
        if (in[0].scalar_type() != at::kFloat) return PortableLayers::operator()(op);
        return {convolve(*op, in[0], in[1], optionalBias(in))};
    }
    Tensors operator()(const ConvTranspose2d* op) const {
        if (in[0].scalar_type() != at::kFloat) return PortableLayers::operator()(op);
        return {convolveTransposed(*op, in[0], in[1], optionalBias(in))};
    }
    Tensors operator()(const MatMul*) const { return {matrixProduct(in[0], in[1])}; }
    Tensors operator()(const BatchNorm* op) const {
        return {applyChain({.norm = *op, .activation = {}, .quantizer = {}}, in[0],
                           {in[1], in[2], in[3], in[4], {}, {}, nullptr}, train, false)};
    }
};

}  // namespace

Tensors compute(LayerOps::Pointer op, const Tensors& inputs, bool train, OpForm form) {
    if (form == OpForm::Portable) return std::visit(PortableLayers{inputs, train}, op);
    return std::visit(FastLayers{{inputs, train}}, op);
}

}  // namespace qat
