// Memory traffic of the fake-quantize kernels, against copying as many bytes on as many threads. Counted are the bytes
// that must move: x and y forward; x, the gradient of y and that of x backward.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstring>

#include "benches.h"
#include "ops/fake_quantize.h"
#include "subject.h"

namespace qat::bench {
namespace {

const Shape kShape{4, 64, 320, 320};  // 105 MB: more than the caches hold
constexpr int64_t kFloats = 4 * 64 * 320 * 320;

FakeQuantize eightBits(FakeQuantMode mode) {
    return {mode, 8, 0, 255, -1, 1.0, false};
}

Unit traffic(double floats) {
    return {"GB/s", 4e-9 * floats};
}

// Reads half of the given floats and writes as many.
Contender copying(const std::string& name, int64_t moved) {
    return {name, "", traffic(static_cast<double>(moved)), [=] {
                const at::Tensor from = at::ones({moved / 2}), to = at::zeros({moved / 2});
                return [=] {
                    at::parallel_for(0, moved / 2, 1 << 16, [&](int64_t begin, int64_t end) {
                        std::memcpy(to.data_ptr<float>() + begin, from.data_ptr<float>() + begin,
                                    static_cast<size_t>(end - begin) * sizeof(float));
                    });
                };
            }};
}

Contender forwardPass(const std::string& baseline) {
    return {"fake_quantize.forward", baseline, traffic(2.0 * kFloats), [] {
                const at::Tensor x = noise(kShape, 3), scale = at::full({1}, 1.0 / 255), zeroPoint = at::zeros({1});
                return [=] {
                    const at::NoGradGuard noGrad;
                    fakeQuantize(eightBits(FakeQuantMode::Ste), x, scale, zeroPoint);
                };
            }};
}

Contender backwardPass(const std::string& name, FakeQuantMode mode, const std::string& baseline) {
    return {name, baseline, traffic(3.0 * kFloats), [mode] {
                const at::Tensor x = noise(kShape, 3).requires_grad_(true), gradient = noise(kShape, 4);
                const bool learned = mode == FakeQuantMode::Lsq;
                const at::Tensor scale = at::full({1}, 1.0 / 255).requires_grad_(learned), zeroPoint = at::zeros({1});
                const at::Tensor y = fakeQuantize(eightBits(mode), x, scale, zeroPoint);
                const std::vector<at::Tensor> leaves = learned ? std::vector{x, scale} : std::vector{x};
                return [=] { torch::autograd::grad({y}, leaves, {gradient}, /*retain_graph=*/true); };
            }};
}

// A whole step of the quantizer, forward and backward, as a training step has it.
Contender ourStep() {
    const std::string baseline = "libtorch.fake_quantize.step";
    return {"fake_quantize.step", baseline, traffic(5.0 * kFloats), [] {
                const at::Tensor x = noise(kShape, 3).requires_grad_(true), gradient = noise(kShape, 4);
                const at::Tensor scale = at::full({1}, 1.0 / 255), zeroPoint = at::zeros({1});
                return [=] { torch::autograd::grad({fakeQuantize(eightBits(FakeQuantMode::Ste), x, scale, zeroPoint)}, {x}, {gradient}); };
            }};
}

Contender libtorchStep() {
    return {"libtorch.fake_quantize.step", "", traffic(5.0 * kFloats), [] {
                const at::Tensor x = noise(kShape, 3).requires_grad_(true), gradient = noise(kShape, 4);
                return [=] { torch::autograd::grad({at::fake_quantize_per_tensor_affine(x, 1.0 / 255, 0, 0, 255)}, {x}, {gradient}); };
            }};
}

}  // namespace

void benchFakeQuantize(const Settings& settings, Table& table) {
    const std::string two = "memcpy.2_tensors", three = "memcpy.3_tensors";
    compare(settings, {3, 31},
            {copying(two, 2 * kFloats), forwardPass(two), copying(three, 3 * kFloats),
             backwardPass("fake_quantize.backward.straight_through", FakeQuantMode::Ste, three),
             backwardPass("fake_quantize.backward.learned", FakeQuantMode::Lsq, three)},
            table);
    compare(settings, {1, 9}, {libtorchStep(), ourStep()}, table);
}

}  // namespace qat::bench
