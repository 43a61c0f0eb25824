// What stands between two convolutions, as one pass over memory and as one pass an operator.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "benches.h"
#include "ops/chain_tensors.h"
#include "ops/fake_quantize.h"
#include "ops/fused_activation.h"
#include "subject.h"

namespace qat::bench {
namespace {

const FakeQuantize kEightBits{FakeQuantMode::Ste, 8, 0, 255, -1, 1.0, false};

// Input, gradient, and what the operators read. [4, 16, 160, 160] is the first and largest map of the training step.
struct Operands {
    at::Tensor x = noise({4, 16, 160, 160}, 5), gradient = noise({4, 16, 160, 160}, 6);
    at::Tensor scale = at::full({1}, 1.0 / 255), zeroPoint = at::full({1}, 70.0);
    at::Tensor weight = at::ones({16}), bias = at::zeros({16}), mean = at::zeros({16}), variance = at::ones({16});

    ChainTensors chainTensors() const { return {weight, bias, mean, variance, scale, zeroPoint, nullptr}; }
};

using Apply = std::function<at::Tensor(const Operands&)>;

at::Tensor siluQuantFused(const Operands& o) {
    std::pair<float, float> range;
    ChainTensors tensors{{}, {}, {}, {}, o.scale, o.zeroPoint, &range};
    return applyChain({.norm = {}, .activation = Activation{}, .quantizer = kEightBits}, o.x, tensors, true, false);
}

// The observer's pass over the activation included, which the fused chain has as a by-product.
at::Tensor siluQuantSeparate(const Operands& o) {
    const at::Tensor activated = at::silu(o.x);
    tensorMinMax(activated);
    return fakeQuantize(kEightBits, activated, o.scale, o.zeroPoint);
}

at::Tensor normSiluFused(const Operands& o) {
    return applyChain({.norm = BatchNorm{}, .activation = Activation{}, .quantizer = {}}, o.x, o.chainTensors(), true,
                      false);
}

at::Tensor normSiluSeparate(const Operands& o) {
    return at::silu(at::batch_norm(o.x, o.weight, o.bias, o.mean, o.variance, true, 0.03, 1e-3, false));
}

Contender forwardOnly(const std::string& name, const std::string& baseline, const Apply& apply) {
    return {name, baseline, {}, [apply] {
                return [apply, operands = Operands()] {
                    const at::NoGradGuard noGrad;
                    apply(operands);
                };
            }};
}

Contender forwardAndBackward(const std::string& name, const std::string& baseline, const Apply& apply, bool norm) {
    return {
        name, baseline, {}, [=] {
            Operands operands;
            std::vector<at::Tensor> leaves{operands.x.requires_grad_(true)};
            if (norm)
                leaves.insert(leaves.end(), {operands.weight.requires_grad_(true), operands.bias.requires_grad_(true)});
            return [=] { torch::autograd::grad({apply(operands)}, leaves, {operands.gradient}); };
        }};
}

}  // namespace

void benchChains(const Settings& settings, Table& table) {
    const std::string separateQuant = "chain.silu_quantize.separate",
                      separateQuantTrain = "chain.silu_quantize.train.separate";
    const std::string separateNormTrain = "chain.norm_silu.train.separate";
    compare(settings, {5, 51},
            {forwardOnly(separateQuant, "", siluQuantSeparate),
             forwardOnly("chain.silu_quantize.fused", separateQuant, siluQuantFused),
             forwardAndBackward(separateQuantTrain, "", siluQuantSeparate, false),
             forwardAndBackward("chain.silu_quantize.train.fused", separateQuantTrain, siluQuantFused, false),
             forwardAndBackward(separateNormTrain, "", normSiluSeparate, true),
             forwardAndBackward("chain.norm_silu.train.fused", separateNormTrain, normSiluFused, true)},
            table);
}

}  // namespace qat::bench
