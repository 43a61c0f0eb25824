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

// A whole step of the quantizer, forward and backward, as a training step has it: on more than the caches hold, and on
// what they hold. The large one is bound by memory: five tensors move at the rate of a copy at best.
struct StepSize {
    std::string name;
    Shape shape;
    int64_t floats, repeats;
};
const StepSize kLarge{"large", kShape, kFloats, 1}, kCached{"cached", {1, 64, 80, 80}, 64 * 80 * 80, 64};

template <class Forward>
Contender step(const std::string& library, const StepSize& size, const std::string& baseline, const Forward& forward) {
    return {library + "fake_quantize.step." + size.name, baseline,
            traffic(5.0 * static_cast<double>(size.floats * size.repeats)), [=] {
                const at::Tensor x = noise(size.shape, 3).requires_grad_(true), gradient = noise(size.shape, 4);
                return [=] {
                    for (int64_t i = 0; i < size.repeats; ++i) torch::autograd::grad({forward(x)}, {x}, {gradient});
                };
            }};
}

// The forward pass alone, without a gradient to prepare.
template <class Forward>
Contender forwardOnly(const std::string& library, const StepSize& size, const std::string& baseline,
                      const Forward& forward) {
    return {library + "fake_quantize.forward." + size.name, baseline,
            traffic(2.0 * static_cast<double>(size.floats * size.repeats)), [=] {
                const at::Tensor x = noise(size.shape, 3);
                return [=] {
                    const at::NoGradGuard noGrad;
                    for (int64_t i = 0; i < size.repeats; ++i) forward(x);
                };
            }};
}

void benchAgainstLibtorch(const Settings& settings, Table& table) {
    const at::Tensor scale = at::full({1}, 1.0 / 255), zeroPoint = at::zeros({1});
    const auto libtorch = [](const at::Tensor& x) {
        return at::fake_quantize_per_tensor_affine(x, 1.0 / 255, 0, 0, 255);
    };
    const auto ours = [=](const at::Tensor& x) {
        return fakeQuantize(eightBits(FakeQuantMode::Ste), x, scale, zeroPoint);
    };
    for (const StepSize& size : {kLarge, kCached}) {
        const Contender forward = forwardOnly("libtorch.", size, "", libtorch),
                        whole = step("libtorch.", size, "", libtorch);
        compare(settings, {1, 9},
                {forward, forwardOnly("", size, forward.name, ours), whole, step("", size, whole.name, ours)}, table);
    }
}

}  // namespace

void benchFakeQuantize(const Settings& settings, Table& table) {
    const std::string two = "memcpy.2_tensors", three = "memcpy.3_tensors";
    compare(settings, {3, 31},
            {copying(two, 2 * kFloats), forwardPass(two), copying(three, 3 * kFloats),
             backwardPass("fake_quantize.backward.straight_through", FakeQuantMode::Ste, three),
             backwardPass("fake_quantize.backward.learned", FakeQuantMode::Lsq, three)},
            table);
    benchAgainstLibtorch(settings, table);
}

}  // namespace qat::bench
