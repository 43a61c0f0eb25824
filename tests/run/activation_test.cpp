// Every activation: its loops against libtorch and against numerical differentiation in double, and what its row
// claims.
#include "ops/activation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/forward.h"
#include "ops/packed_conv.h"
#include "ops/portable.h"
#include "support/tensors.h"

namespace qat {
namespace {

constexpr float kSlope = 0.1f;

class Activations : public testing::TestWithParam<ActivationKind> {
protected:
    Activation op{GetParam(), kSlope};
    const ActivationTraits& row = traitsOf(GetParam());

    at::Tensor exact(const at::Tensor& x) const { return row.portable(x.to(at::kDouble), kSlope); }
    at::Tensor valuesOf(const at::Tensor& x) const {
        at::Tensor y = at::empty_like(x);
        row.forward(x.data_ptr<float>(), y.data_ptr<float>(), x.numel(), kSlope);
        return y;
    }
};

// From -12 to 12, no point within 1e-3 of a whole number, where some functions have corners.
at::Tensor samples() {
    const at::Tensor x = at::linspace(-12, 12, 24001, at::kDouble) + 0.00037;
    return x.masked_select((x - at::round(x)).abs().gt(1e-3)).to(at::kFloat);
}

// Errors up to `tolerance` for values up to 1, relative above.
double errorOf(const at::Tensor& made, const at::Tensor& expected) {
    const at::Tensor wanted = expected.to(at::kDouble);
    return ((made.to(at::kDouble) - wanted).abs() / wanted.abs().clamp_min(1)).max().item<double>();
}

TEST_P(Activations, LoopEqualsLibtorchInDouble) {
    const at::Tensor x = samples();
    EXPECT_LE(errorOf(valuesOf(x), exact(x)), 5e-7);
    EXPECT_GT(exact(x).abs().max().item<double>(), 0.9) << "there is something to compare";
}

TEST_P(Activations, GradientsEqualNumericalDifferentiation) {
    constexpr double kStep = 1e-5;
    const at::Tensor x = samples(), wide = x.to(at::kDouble);
    const at::Tensor slope = (exact(wide + kStep) - exact(wide - kStep)) / (2 * kStep);
    at::Tensor leaf = wide.clone().requires_grad_(true);
    row.portable(leaf, kSlope).sum().backward();
    EXPECT_LE(errorOf(leaf.grad(), slope), 1e-8) << "of the portable path";
    const at::Tensor g = test::randomTensor(x.sizes().vec(), 3);
    at::Tensor ours = x.clone().requires_grad_(true);
    forward(op, {ours.reshape({1, 1, 1, -1})}, true)[0].flatten().backward(g);
    EXPECT_LE(errorOf(ours.grad(), slope * g.to(at::kDouble)), 1e-6) << "of maps";
    at::Tensor table = x.clone().requires_grad_(true);
    forward(op, {table}, true)[0].backward(g);
    EXPECT_LE(errorOf(table.grad(), slope * g.to(at::kDouble)), 1e-6) << "of vectors";
}

TEST_P(Activations, HoldsAtTheEndsOfTheNumbers) {
    const at::Tensor x = at::tensor({-1e30f, -88.0f, -40.0f, -0.0f, 0.0f, 1e-30f, 40.0f, 88.0f, 1e30f});
    EXPECT_LE(errorOf(valuesOf(x), exact(x)), 5e-7) << valuesOf(x);
    at::Tensor leaf = x.clone().requires_grad_(true);
    forward(op, {leaf}, true)[0].sum().backward();
    EXPECT_TRUE(leaf.grad().isfinite().all().item<bool>()) << leaf.grad();
    EXPECT_TRUE(valuesOf(at::full({3}, std::numeric_limits<float>::quiet_NaN())).isnan().all().item<bool>());
}

TEST_P(Activations, OneNumberIsThatOfTheLoop) {
    const at::Tensor x = samples(), y = valuesOf(x);
    for (int64_t i = 0; i < x.numel(); i += 7) {
        const float made = y.data_ptr<float>()[i];
        ASSERT_NEAR(row.value(x.data_ptr<float>()[i], kSlope), made, 1e-6 * std::max(1.0f, std::abs(made)));
    }
}

TEST_P(Activations, LeastIsTheLeastThatIsMade) {
    const double least = exact(at::linspace(-50, 50, 1000001, at::kDouble)).min().item<double>();
    if (std::isinf(row.least)) {
        EXPECT_LT(least, -1) << "a bound was claimed nowhere, and there is one";
    } else {
        EXPECT_GE(least, row.least - 1e-6);
        EXPECT_LE(least, row.least + 1e-3);
    }
}

TEST_P(Activations, BelowTheUsefulFloorHardlyAnythingIsToldApart) {
    if (std::isinf(row.usefulFloor)) GTEST_SKIP() << "all values count";
    const auto spread = [&](double end) {
        const at::Tensor y = exact(at::linspace(-60, end, 100001, at::kDouble));
        return (y.max() - y.min()).item<double>();
    };
    EXPECT_LE(spread(row.usefulFloor), 0.0152);
    EXPECT_GT(spread(row.usefulFloor + 1.0), 0.0152) << "the floor could be higher";
}

TEST_P(Activations, ClaimsOfShapeAreTrue) {
    const at::Tensor x = samples(), y = valuesOf(x);
    const at::Tensor clamped = at::clamp(x, y.min().item<float>(), y.max().item<float>());
    EXPECT_EQ(row.clips, at::equal(y, clamped));
    EXPECT_EQ(row.homogeneous, test::maxDifference(valuesOf(x * 4), y * 4) == 0);
    at::Tensor other = at::empty_like(x);
    row.forward(x.data_ptr<float>(), other.data_ptr<float>(), x.numel(), 0.3f);
    EXPECT_EQ(row.hasSlope, !at::equal(other, y));
}

TEST_P(Activations, AConvolutionAppliesWhatItCan) {
    if (!PackedConv::canApply(op)) GTEST_SKIP() << "a step of its own";
    const Conv2d window{{1, 1}, {1, 1}, {1, 1}, 1};
    const at::Tensor x = test::randomTensor({2, 5, 9, 8}, 1, -4, 4), weight = test::randomTensor({16, 5, 3, 3}, 2),
                     bias = test::randomTensor({16}, 3);
    const at::NoGradGuard noGrad;
    const at::Tensor sums = portableForward(window, {x, weight, bias}, false)[0];
    EXPECT_GT(sums.abs().max().item<double>(), 8) << "both ends are reached";
    EXPECT_LE(errorOf(PackedConv(window, weight, bias, op).run(x), exact(sums)), 1e-5);
}

std::vector<ActivationKind> allKinds() {
    std::vector<ActivationKind> kinds;
    for (size_t i = 0; i < kActivationNames.size(); ++i) kinds.push_back(static_cast<ActivationKind>(i));
    return kinds;
}

INSTANTIATE_TEST_SUITE_P(All, Activations, testing::ValuesIn(allKinds()), [](const auto& info) {
    return std::string(kActivationNames[static_cast<size_t>(info.param)]);
});

}  // namespace
}  // namespace qat
