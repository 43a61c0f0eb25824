// Gradients of learned grids: libtorch's learnable fake quantizer as witness, and differences in double of what the
// published formulas differentiate.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "ops/fake_quantize.h"
#include "support/tensors.h"

namespace qat {
namespace {

using test::randomTensor;

FakeQuantize learned(FakeQuantMode mode, int64_t qmin, int64_t qmax, int64_t axis) {
    FakeQuantize op{mode, 8, qmin, qmax, axis, 1.0, true};
    op.learnOffset = mode == FakeQuantMode::Lsq;
    return op;
}

struct Gradients {
    at::Tensor x, scale, zeroPoint;
};

Gradients gradientsOf(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& scale, const at::Tensor& zeroPoint,
                      const at::Tensor& g) {
    at::Tensor a = x.clone().requires_grad_(true), s = scale.clone().requires_grad_(true),
               z = zeroPoint.clone().requires_grad_(op.learnOffset);
    fakeQuantize(op, a, s, z).backward(g);
    return {a.grad(), s.grad(), z.grad()};
}

double relative(const at::Tensor& a, const at::Tensor& b) {
    return ((a - b).norm() / b.norm()).item<double>();
}

TEST(LearnedGrid, EqualsLibtorchPerTensor) {
    const at::Tensor x = randomTensor({4, 8, 20, 21}, 1, -2, 3), g = randomTensor(x.sizes().vec(), 2);
    for (const auto& [s, z, qmin, qmax] :
         {std::tuple{0.02f, 0.0f, -128, 127}, {0.011f, 40.0f, 0, 255}, {0.2f, 3.0f, 0, 15}, {0.3f, 1.0f, -8, 7}}) {
        const FakeQuantize op = learned(FakeQuantMode::Lsq, qmin, qmax, -1);
        const at::Tensor scale = at::full({1}, s), zero = at::full({1}, z);
        const Gradients ours = gradientsOf(op, x, scale, zero, g);
        at::Tensor a = x.clone().requires_grad_(true), b = scale.clone().requires_grad_(true),
                   c = zero.clone().requires_grad_(true);
        at::_fake_quantize_learnable_per_tensor_affine(a, b, c, qmin, qmax, 1.0).backward(g);
        const double factor = scaleGradientFactor(op, x.sizes().vec());
        EXPECT_TRUE(at::equal(ours.x, a.grad())) << s;
        EXPECT_LE(relative(ours.scale / factor, b.grad()), 1e-5) << s;
        EXPECT_LE(relative(ours.zeroPoint * s * s / factor, c.grad()), 1e-5)
            << "the offset's gradient in codes, scale " << s;
    }
}

TEST(LearnedGrid, EqualsLibtorchPerChannelOnEveryAxis) {
    const at::Tensor x = randomTensor({5, 6, 7, 8}, 1, -2, 3), g = randomTensor(x.sizes().vec(), 2);
    for (int64_t axis = 0; axis < 4; ++axis) {
        const FakeQuantize op = learned(FakeQuantMode::Lsq, 0, 15, axis);
        const at::Tensor scale = randomTensor({x.size(axis)}, 3, 0.1, 0.3),
                         zero = at::round(randomTensor({x.size(axis)}, 4, 2, 9));
        const Gradients ours = gradientsOf(op, x, scale, zero, g);
        at::Tensor a = x.clone().requires_grad_(true), b = scale.clone().requires_grad_(true),
                   c = zero.clone().requires_grad_(true);
        at::_fake_quantize_learnable_per_channel_affine(a, b, c, axis, 0, 15, 1.0).backward(g);
        const double factor = scaleGradientFactor(op, x.sizes().vec());
        EXPECT_TRUE(at::equal(ours.x, a.grad())) << axis;
        EXPECT_LE(relative(ours.scale / factor, b.grad()), 1e-5) << axis;
        EXPECT_LE(relative(ours.zeroPoint * scale.square() / factor, c.grad()), 1e-5) << axis;
    }
}

// The factor included, which libtorch takes as it is given: for weights and activations, of tensors and channels.
TEST(LearnedGrid, FactorsOfGradientsAreAppliedLikeLibtorchs) {
    for (const bool weight : {true, false})
        for (const int64_t axis : {int64_t{-1}, int64_t{0}}) {
            if (!weight && axis == 0) continue;
            for (const double gradFactor : {1.0, 0.25}) {
                FakeQuantize op{FakeQuantMode::Lsq, 4, -7, 7, axis, gradFactor, weight};
                const at::Tensor x = randomTensor({6, 4, 9, 9}, 1, -2, 2), g = randomTensor(x.sizes().vec(), 2);
                const at::Tensor scale = axis < 0 ? at::full({1}, 0.21f) : randomTensor({6}, 3, 0.1, 0.3),
                                 zero = at::zeros_like(scale);
                const double sharing = weight ? (axis < 0 ? 6 * 4 * 81 : 4 * 81) : 4 * 81,
                             factor = gradFactor / std::sqrt(sharing * 7);
                at::Tensor a = x.clone().requires_grad_(true), b = scale.clone().requires_grad_(true),
                           c = zero.clone().requires_grad_(true);
                if (axis < 0)
                    at::_fake_quantize_learnable_per_tensor_affine(a, b, c, -7, 7, factor).backward(g);
                else
                    at::_fake_quantize_learnable_per_channel_affine(a, b, c, axis, -7, 7, factor).backward(g);
                EXPECT_LE(relative(gradientsOf(op, x, scale, zero, g).scale, b.grad()), 1e-5) << weight << axis;
            }
        }
}

// What a quantizer is taken for when it is differentiated: rounding errors are constants. p: the scale's held form.
double surrogate(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& g, double zero, double at, double p) {
    const auto scaleOf = [&](double held) { return op.scaleForm == ScaleForm::Plain ? held : std::exp2(held); };
    const double s0 = scaleOf(at), s = scaleOf(p);
    double sum = 0;
    for (int64_t i = 0; i < x.numel(); ++i) {
        const double v = x.data_ptr<float>()[i], ratio = v / s0, q = std::nearbyint(ratio) + zero;
        const double code = std::clamp(q, static_cast<double>(op.qmin), static_cast<double>(op.qmax)) - zero;
        const bool inside = q == code + zero;
        const double rounding = op.mode == FakeQuantMode::Pact ? 0 : std::nearbyint(ratio) - ratio;
        sum += g.data_ptr<float>()[i] * (inside ? v + s * rounding : s * code);
    }
    return sum;
}

struct Form {
    FakeQuantMode mode;
    ScaleForm form;
};

class EveryForm : public testing::TestWithParam<Form> {};
INSTANTIATE_TEST_SUITE_P(LearnedGrid, EveryForm,
                         testing::Values(Form{FakeQuantMode::Lsq, ScaleForm::Plain},
                                         Form{FakeQuantMode::Lsq, ScaleForm::Log2},
                                         Form{FakeQuantMode::Pact, ScaleForm::Plain},
                                         Form{FakeQuantMode::Pact, ScaleForm::Log2}));

TEST_P(EveryForm, HasTheGradientOfNumericalDifferentiation) {
    for (const auto& [zero, qmin, qmax] : {std::tuple{0.0f, -8, 7}, {5.0f, 0, 15}, {0.0f, 0, 255}}) {
        FakeQuantize op = learned(GetParam().mode, qmin, qmax, -1);
        op.scaleForm = GetParam().form;
        const float held = heldScale(op, qmax > 100 ? 0.01f : 0.17f);
        const at::Tensor x = randomTensor({3, 4, 9, 9}, 5, -2, 3), g = randomTensor(x.sizes().vec(), 6);
        const Gradients ours = gradientsOf(op, x, at::full({1}, held), at::full({1}, zero), g);
        constexpr double kStep = 1e-6;
        const double slope =
            (surrogate(op, x, g, zero, held, held + kStep) - surrogate(op, x, g, zero, held, held - kStep)) /
            (2 * kStep);
        const double reach = std::max(std::abs(qmax - zero), std::abs(qmin - zero));
        const double factor =
            op.mode == FakeQuantMode::Pact ? 1 / (reach * reach) : scaleGradientFactor(op, x.sizes().vec());
        EXPECT_NEAR(ours.scale.item<double>(), slope * factor, std::abs(slope * factor) * 1e-5);
    }
}

TEST(Pact, MovesTheEndOfTheRangeByWhatLiesBeyondIt) {
    const FakeQuantize op = learned(FakeQuantMode::Pact, 0, 15, -1);
    const at::Tensor x = at::tensor({-1.0f, 0.4f, 2.9f, 3.2f, 7.0f}), g = at::tensor({1.0f, 2.0f, 4.0f, 8.0f, 16.0f});
    const Gradients ours = gradientsOf(op, x, at::full({1}, 0.2f), at::zeros({1}), g);
    EXPECT_TRUE(at::equal(ours.x, at::tensor({0.0f, 2.0f, 4.0f, 0.0f, 0.0f}))) << "0 to 3 passes";
    EXPECT_FLOAT_EQ(ours.scale.item<float>() * 15, 24.0f)
        << "d y / d a = 1 above a, over the 15 steps that make a scale of it";
}

TEST(PowerOfTwo, PassesTheGradientThroughTheRoundedExponent) {
    FakeQuantize power = learned(FakeQuantMode::Lsq, -8, 7, -1), log2 = power;
    power.scaleForm = ScaleForm::PowerOfTwo;
    log2.scaleForm = ScaleForm::Log2;
    const at::Tensor x = randomTensor({1000}, 1, -2, 2), g = randomTensor({1000}, 2), zero = at::zeros({1});
    const Gradients rounded = gradientsOf(power, x, at::full({1}, -2.3f), zero, g),
                    exact = gradientsOf(log2, x, at::full({1}, -2.0f), zero, g);
    EXPECT_TRUE(at::equal(rounded.scale, exact.scale));
    EXPECT_TRUE(at::equal(rounded.x, exact.x));
}

}  // namespace
}  // namespace qat
