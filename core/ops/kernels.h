// What computes the operators on a device: one table of functions each. The processor has loops of ours; every other
// device takes libtorch's own operations (ops/portable.h) for whatever it has no better row for.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "ops/chain_tensors.h"
#include "ops/fused_activation.h"
#include "ops/op.h"

namespace qat {

class Kernels {
public:
    virtual ~Kernels() = default;

    // inputs as the op's comment in op.h says, all on the device; batch norm uses batch statistics and moves the
    // running ones iff train. Throws what libtorch throws.
    virtual std::vector<at::Tensor> forward(const Op& op, const std::vector<at::Tensor>& inputs, bool train) const = 0;

    // Smallest and largest element, {NaN, NaN} if any is not a number. x must not be empty.
    virtual std::pair<float, float> extremes(const at::Tensor& x) const = 0;

    // Whether applyChain() can be called; else the steps of a chain are computed one by one.
    virtual bool fusesChains() const { return false; }
    // As applyChain() of ops/fused_activation.h.
    virtual at::Tensor chain(const ActivationChain& chain, const at::Tensor& x, const ChainTensors& tensors, bool train,
                             bool inPlace) const;

    // Whether the packed convolutions of run/frozen_step.h compute here.
    virtual bool packsConvolutions() const { return false; }
};

// Of the device that the tensors lie on.
const Kernels& kernelsOf(const c10::Device& device);

// libtorch's own operations, on any device: what our loops are compared with, and what kernels of another device derive
// from.
class PortableKernels : public Kernels {
public:
    std::vector<at::Tensor> forward(const Op& op, const std::vector<at::Tensor>& inputs, bool train) const override;
    std::pair<float, float> extremes(const at::Tensor& x) const override;
};

const Kernels& portableKernels();

// kernels.forward() for inference, but convolutions and linear layers add in double precision and round once, so that a
// result does not depend on the order of additions, which differs from processor to processor.
std::vector<at::Tensor> forwardPrecisely(const Kernels& kernels, const Op& op, const std::vector<at::Tensor>& inputs);

}  // namespace qat
