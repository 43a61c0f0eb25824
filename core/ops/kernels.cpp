// The table of devices.
#include "ops/kernels.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "ops/fake_quantize.h"
#include "ops/forward.h"
#include "ops/op_traits.h"
#include "ops/portable.h"

namespace qat {
namespace {

class ProcessorKernels final : public Kernels {
public:
    std::vector<at::Tensor> forward(const Op& op, const std::vector<at::Tensor>& inputs, bool train) const override {
        return qat::forward(op, inputs, train);
    }
    std::pair<float, float> extremes(const at::Tensor& x) const override { return tensorMinMax(x); }
    bool fusesChains() const override { return true; }
    at::Tensor chain(const ActivationChain& chain, const at::Tensor& x, const ChainTensors& tensors, bool train,
                     bool inPlace) const override {
        return applyChain(chain, x, tensors, train, inPlace);
    }
    bool packsConvolutions() const override { return true; }
};

}  // namespace

at::Tensor Kernels::chain(const ActivationChain&, const at::Tensor&, const ChainTensors&, bool, bool) const {
    fail(ErrorKind::Internal, "this device has no fused chains");
}

std::vector<at::Tensor> PortableKernels::forward(const Op& op, const std::vector<at::Tensor>& inputs,
                                                 bool train) const {
    return portableForward(op, inputs, train);
}

std::pair<float, float> PortableKernels::extremes(const at::Tensor& x) const {
    const auto [low, high] = at::aminmax(x.detach());
    const at::Tensor both = at::stack({low, high}).cpu();  // one copy
    return {both[0].item<float>(), both[1].item<float>()};
}

const Kernels& portableKernels() {
    static const PortableKernels kernels;
    return kernels;
}

const Kernels& kernelsOf(const c10::Device& device) {
    static const ProcessorKernels processor;
    switch (device.type()) {
        case c10::DeviceType::CPU:
            return processor;
        default:
            return portableKernels();
    }
}

std::vector<at::Tensor> forwardPrecisely(const Kernels& kernels, const Op& op, const std::vector<at::Tensor>& inputs) {
    if (traitsOf(op).layer.activations == 0) return kernels.forward(op, inputs, false);
    std::vector<at::Tensor> wide;
    for (const at::Tensor& input : inputs) wide.push_back(input.to(at::kDouble));
    return {kernels.forward(op, wide, false).front().to(inputs[0].scalar_type())};
}

}  // namespace qat
