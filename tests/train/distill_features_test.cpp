// The distance of feature maps against the formula in double precision, and its gradient against autograd on it.
#include "train/distill_features.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "support/tensors.h"

namespace qat {
namespace {

using test::maxDifference;
using test::randomTensor;

at::Tensor normalised(const at::Tensor& map) {
    const at::Tensor x = map.to(at::kDouble);
    const at::Tensor centred = x - x.mean({0, 2, 3}, true);
    return centred / (centred.square().mean({0, 2, 3}, true) + 1e-3).sqrt();
}

TEST(FeatureDistance, IsZeroForEqualMaps) {
    const at::Tensor map = randomTensor({2, 5, 6, 7}, 1);
    EXPECT_EQ(featureDistance(map, map.clone()).value, 0);
}

TEST(FeatureDistance, IgnoresScaleAndOffsetOfAChannel) {
    const at::Tensor map = randomTensor({2, 5, 6, 7}, 1, -100, 100);
    const at::Tensor scale = randomTensor({1, 5, 1, 1}, 2, 0.5, 3), offset = randomTensor({1, 5, 1, 1}, 3);
    EXPECT_LT(featureDistance(map * scale + offset, map).value, 1e-6);
    EXPECT_NEAR(featureDistance(-map, map).value, 4, 1e-5);
    EXPECT_NEAR(featureDistance(randomTensor({2, 5, 60, 70}, 4, -9, 9), randomTensor({2, 5, 60, 70}, 5, -9, 9)).value,
                2, 0.1);
}

TEST(FeatureDistance, FollowsTheFormulaAndItsSlope) {
    at::Tensor student = randomTensor({3, 9, 8, 6}, 1), teacher = randomTensor({3, 9, 8, 6}, 2) + 0.5 * student;
    student.slice(1, 0, 1).mul_(1e-3);  // a channel that hardly varies
    student.requires_grad_(true);
    at::Tensor exact = student.detach().to(at::kDouble).requires_grad_(true);
    const at::Tensor expected = (normalised(exact) - normalised(teacher)).square().mean();
    (3 * 0.5 * expected).backward();
    const FeatureDistance distance = featureDistance(student, teacher);
    EXPECT_NEAR(distance.value, expected.item<double>(), 1e-9);
    EXPECT_NEAR(distance.total.item<float>(), 3 * expected.item<double>(), 1e-5);
    (0.5 * distance.total).backward();
    EXPECT_LT(maxDifference(student.grad(), exact.grad()), 1e-6 * exact.grad().abs().max().item<double>());
}

TEST(FeatureDistance, AConstantMapHasNoSlopeOfItsOwn) {
    at::Tensor student = at::full({1, 2, 4, 4}, 3.0f).requires_grad_(true);
    const FeatureDistance distance = featureDistance(student, at::full({1, 2, 4, 4}, -1.0f));
    EXPECT_EQ(distance.value, 0);
    distance.total.backward();
    EXPECT_EQ(student.grad().abs().max().item<float>(), 0);
}

TEST(FeatureDistance, DoesNotDependOnThreads) {
    const auto run = [](int threads) {
        at::set_num_threads(threads);
        at::Tensor student = randomTensor({2, 24, 50, 40}, 1).requires_grad_(true);
        const FeatureDistance distance = featureDistance(student, randomTensor({2, 24, 50, 40}, 2));
        distance.total.backward();
        return std::pair(distance.value, student.grad());
    };
    const auto one = run(1), two = run(2);
    EXPECT_EQ(one.first, two.first);
    EXPECT_TRUE(at::equal(one.second, two.second));
}

}  // namespace
}  // namespace qat
