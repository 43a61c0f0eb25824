// The fake quantizer alone: torch's own op as witness, channel axes and memory layouts, codes, gradients.
#include "ops/fake_quantize.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "ops/portable.h"
#include "support/tensors.h"

namespace qat {
namespace {

using test::randomTensor;

FakeQuantize perTensor(FakeQuantMode mode, int64_t qmin, int64_t qmax) {
    return {mode, 8, qmin, qmax, -1, 1.0, false};
}

TEST(FakeQuantizer, EqualsTorchPerTensorToTheBit) {
    const at::Tensor x = randomTensor({3, 5, 40, 41}, 1, -3, 3);
    for (const auto& [scale, zero, qmin, qmax] :
         {std::tuple{0.021f, 0, -128, 127}, {0.03f, 101, 0, 255}, {0.4f, 3, -8, 7}, {1e-4f, 0, -32768, 32767}}) {
        const at::Tensor y = fakeQuantize(perTensor(FakeQuantMode::Ste, qmin, qmax), x, at::full({1}, scale),
                                          at::full({1}, static_cast<float>(zero)));
        EXPECT_TRUE(at::equal(y, at::fake_quantize_per_tensor_affine(x, scale, zero, qmin, qmax))) << scale;
    }
}

TEST(FakeQuantizer, EqualsTorchPerChannelOnEveryAxisAndLayout) {
    const at::Tensor plain = randomTensor({4, 6, 5, 7}, 1, -3, 3);
    for (const at::Tensor& x : {plain, plain.contiguous(at::MemoryFormat::ChannelsLast), plain.transpose(0, 2)})
        for (int64_t axis = 0; axis < 4; ++axis) {
            const int64_t channels = x.size(axis);
            const at::Tensor scale = randomTensor({channels}, 2, 0.01, 0.05);
            const at::Tensor zero = at::round(randomTensor({channels}, 3, -20, 20));
            const FakeQuantize op{FakeQuantMode::Ste, 8, -128, 127, axis, 1.0, true};
            const at::Tensor y = fakeQuantize(op, x, scale, zero);
            const at::Tensor expected =
                at::fake_quantize_per_channel_affine(x, scale, zero.to(at::kInt), axis, -128, 127);
            EXPECT_TRUE(at::equal(y, expected)) << "axis " << axis;
        }
}

TEST(FakeQuantizer, RoundsHalfToEvenAndClips) {
    const at::Tensor x = at::tensor({0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 100.0f, -100.0f, 7.4f, -8.5f});
    const at::Tensor y = fakeQuantize(perTensor(FakeQuantMode::Ste, -8, 7), x, at::ones({1}), at::zeros({1}));
    EXPECT_TRUE(at::equal(y, at::tensor({0.0f, 2.0f, 2.0f, 0.0f, -2.0f, 7.0f, -8.0f, 7.0f, -8.0f}))) << y;
}

TEST(FakeQuantizer, StraightThroughMaskIsThatOfTheRoundedValue) {
    at::Tensor x = at::tensor({-128.4f, -128.6f, 127.4f, 127.6f, 3.0f}).requires_grad_(true);
    FakeQuantize op = perTensor(FakeQuantMode::Ste, -128, 127);
    op.gradFactor = 0.25;
    fakeQuantize(op, x, at::ones({1}), at::zeros({1})).sum().backward();
    EXPECT_TRUE(at::equal(x.grad(), at::tensor({0.25f, 0.0f, 0.25f, 0.0f, 0.25f}))) << x.grad();
}

TEST(FakeQuantizer, LearnedScaleGradientIsThePublishedOne) {
    at::Tensor x = at::tensor({-3.0f, 0.3f, 0.8f, 5.0f}).requires_grad_(true);
    at::Tensor scale = at::full({1}, 0.5f).requires_grad_(true);
    FakeQuantize op = perTensor(FakeQuantMode::Lsq, -4, 3);
    op.weight = true;
    const double factor = 1 / std::sqrt(4.0 * 3.0);
    EXPECT_DOUBLE_EQ(scaleGradientFactor(op, {4}), factor);
    fakeQuantize(op, x, scale, at::zeros({1})).sum().backward();
    EXPECT_NEAR(scale.grad().item<double>(), -0.2 * factor, 1e-6);
    EXPECT_TRUE(at::equal(x.grad(), at::tensor({0.0f, 1.0f, 1.0f, 0.0f})));
}

TEST(FakeQuantizer, GradientFactorCountsWhoSharesTheScale) {
    FakeQuantize op{FakeQuantMode::Lsq, 8, -127, 127, -1, 1.0, true};
    EXPECT_DOUBLE_EQ(scaleGradientFactor(op, {8, 4, 3, 3}), 1 / std::sqrt(288.0 * 127));
    op.axis = 0;
    EXPECT_DOUBLE_EQ(scaleGradientFactor(op, {8, 4, 3, 3}), 1 / std::sqrt(36.0 * 127));
    op.axis = -1, op.weight = false, op.gradFactor = 2;
    EXPECT_DOUBLE_EQ(scaleGradientFactor(op, {8, 4, 3, 3}), 2 / std::sqrt(36.0 * 127)) << "activations count one image";
}

TEST(FakeQuantizer, PerChannelGradientsEqualTheComposition) {
    for (const int64_t axis : {0, 1}) {
        const FakeQuantize op{FakeQuantMode::Lsq, 4, -8, 7, axis, 1.0, true};
        const Shape shape{6, 5, 3, 4};
        at::Tensor x = randomTensor(shape, 1, -3, 3).requires_grad_(true);
        at::Tensor scale = randomTensor({shape[axis]}, 2, 0.2, 0.5).requires_grad_(true);
        const at::Tensor zero = at::zeros({shape[axis]}), g = randomTensor(shape, 3);
        at::Tensor x2 = x.detach().to(at::kDouble).requires_grad_(true),
                   scale2 = scale.detach().to(at::kDouble).requires_grad_(true);
        fakeQuantize(op, x, scale, zero).backward(g);
        portableForward(op, {x2, scale2, zero.to(at::kDouble)}, false)[0].backward(g.to(at::kDouble));
        EXPECT_LE(test::maxDifference(x.grad(), x2.grad()), 1e-6);
        EXPECT_LE(test::maxDifference(scale.grad(), scale2.grad()), 1e-6);
    }
}

TEST(FakeQuantizer, CodesAreTheOutputOverTheScale) {
    const at::Tensor x = randomTensor({6, 2, 3, 3}, 1), scale = randomTensor({6}, 2, 0.01, 0.02), zero = at::zeros({6});
    const FakeQuantize op{FakeQuantMode::Ste, 8, -127, 127, 0, 1.0, true};
    const at::Tensor codes = quantizedCodes(op, x, scale, zero);
    EXPECT_TRUE(at::equal(codes, at::round(codes)));
    EXPECT_TRUE(at::equal(codes * scale.reshape({-1, 1, 1, 1}), fakeQuantize(op, x, scale, zero)));
}

TEST(FakeQuantizer, KeepsStridesAndSpreadsNaN) {
    const at::Tensor x = randomTensor({2, 3, 4, 5}, 1).contiguous(at::MemoryFormat::ChannelsLast);
    x[0][0][0][0] = std::numeric_limits<float>::quiet_NaN();
    const at::Tensor y = fakeQuantize(perTensor(FakeQuantMode::Ste, -128, 127), x, at::full({1}, 0.1f), at::zeros({1}));
    EXPECT_EQ(y.strides(), x.strides());
    EXPECT_EQ(y.isnan().sum().item<int64_t>(), 1);
}

TEST(FakeQuantizer, WrongNumberOfScalesIsRefused) {
    const at::Tensor x = randomTensor({4, 3}, 1);
    const FakeQuantize op{FakeQuantMode::Ste, 8, -128, 127, 0, 1.0, true};
    EXPECT_THROW(fakeQuantize(op, x, at::ones({3}), at::zeros({3})), Error);
    EXPECT_THROW(fakeQuantize({FakeQuantMode::Ste, 8, -128, 127, 2, 1.0, true}, x, at::ones({3}), at::zeros({3})),
                 Error);
    EXPECT_THROW(fakeQuantize(perTensor(FakeQuantMode::Ste, -128, 127), x, at::ones({4}), at::zeros({4})), Error);
}

TEST(TensorExtremes, AreExactAndNoticeNaN) {
    for (const int64_t n : {1, 15, 16, 17, 16384, 100003}) {
        const at::Tensor x = randomTensor({n}, static_cast<uint64_t>(n), -5, 3);
        const auto [low, high] = tensorMinMax(x);
        EXPECT_EQ(low, x.min().item<float>());
        EXPECT_EQ(high, x.max().item<float>());
        for (const int64_t at : {int64_t{0}, n / 2, n - 1}) {
            const at::Tensor bad = x.clone();
            bad[at] = std::numeric_limits<float>::quiet_NaN();
            EXPECT_TRUE(std::isnan(tensorMinMax(bad).first)) << n << " at " << at;
            bad[at] = std::numeric_limits<float>::infinity();
            EXPECT_EQ(tensorMinMax(bad).second, std::numeric_limits<float>::infinity());
        }
    }
    EXPECT_EQ(tensorMinMax(at::arange(24, at::kFloat).reshape({4, 6}).slice(1, 1, 3)).second, 20.0f)
        << "only the view counts";
}

}  // namespace
}  // namespace qat
