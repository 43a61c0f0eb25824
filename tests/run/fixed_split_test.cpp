// Operators that are cut by sizes alone: what they compute, and its bits for several numbers of threads.
#include "ops/fixed_split.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "ops/forward.h"
#include "support/tensors.h"
#include "support/threads.h"

namespace qat {
namespace {

using test::maxDifference;
using test::randomTensor;
using test::sameBits;

constexpr std::array kCounts{1, 2, 3, 7};

// The answer on one thread, after all the others were compared with it.
template <class Function>
at::Tensor sameOnAll(const Function& function) {
    at::Tensor first;
    for (const int count : kCounts) {
        const test::Threads threads(count);
        const at::Tensor made = function();
        if (!first.defined()) first = made;
        EXPECT_TRUE(sameBits(made, first)) << count << " threads";
    }
    return first;
}

// 3 x 5 x 13007 elements: no share of them is a multiple of a vector.
TEST(FixedSplit, ElementsComeInPieces) {
    const at::Tensor x = randomTensor({3, 5, 13007}, 1, -6, 6);
    const auto sigmoid = [](const at::Tensor& some) { return at::sigmoid(some); };
    EXPECT_LE(maxDifference(sameOnAll([&] { return piecewise(x, sigmoid); }), at::sigmoid(x.to(at::kDouble))), 1e-6);
    EXPECT_LE(maxDifference(piecewise(x.transpose(0, 2), sigmoid), at::sigmoid(x.transpose(0, 2))), 1e-6)
        << "in another order";
    EXPECT_LE(maxDifference(piecewise(x.slice(2, 1, 9000, 2), sigmoid), at::sigmoid(x.slice(2, 1, 9000, 2))), 1e-6)
        << "with gaps";
    EXPECT_EQ(piecewise(at::empty({0, 4}), sigmoid).numel(), 0);
}

TEST(FixedSplit, TheNetworksOwnOperatorsAreTheSame) {
    const at::NoGradGuard noGrad;
    const at::Tensor scores = randomTensor({2, 7, 8431}, 1, -6, 6), sides = randomTensor({3, 16, 4, 1337}, 2, -9, 9);
    for (const ActivationKind kind : {ActivationKind::Sigmoid, ActivationKind::Silu, ActivationKind::Relu})
        sameOnAll([&] { return forward(Activation{kind}, {scores}, false)[0]; });
    for (const int64_t axis : {0, 1, 3}) {
        const at::Tensor shares = sameOnAll([&] { return forward(Softmax{axis}, {sides}, false)[0]; });
        EXPECT_LE(maxDifference(shares, at::softmax(sides.to(at::kDouble), axis)), 1e-6) << axis;
    }
}

TEST(FixedSplit, SiluOfAnyShapeGoesBackTheSameWay) {
    const at::Tensor slope = sameOnAll([] {
        const at::Tensor x = randomTensor({3, 5, 13007}, 1, -6, 6).requires_grad_(true);
        forward(Activation{ActivationKind::Silu}, {x}, true)[0].backward(randomTensor({3, 5, 13007}, 2));
        return x.grad();
    });
    const at::Tensor x = randomTensor({3, 5, 13007}, 1, -6, 6).to(at::kDouble), s = at::sigmoid(x);
    EXPECT_LE(maxDifference(slope, randomTensor({3, 5, 13007}, 2).to(at::kDouble) * (s * (1 + x * (1 - s)))), 1e-5);
}

TEST(FixedSplit, ImagesAreComputedOneByOne) {
    const at::Tensor images = randomTensor({5, 3, 37, 29}, 1).contiguous(at::MemoryFormat::ChannelsLast);
    const auto resized = [](const at::Tensor& some) { return at::upsample_bilinear2d(some, {64, 64}, false); };
    EXPECT_LE(maxDifference(sameOnAll([&] { return imageByImage(images, resized); }), resized(images)), 1e-6);
}

TEST(FixedSplit, ProductsAndSums) {
    const at::Tensor a = randomTensor({2, 77, 301}, 1), b = randomTensor({2, 301, 90}, 2);
    const at::Tensor ab = sameOnAll([&] { return products(a, b); });
    EXPECT_LE(maxDifference(ab, at::bmm(a.to(at::kDouble), b.to(at::kDouble))), 1e-4);
    EXPECT_LE(
        maxDifference(sameOnAll([&] { return products(b.transpose(1, 2), a.transpose(1, 2)); }), ab.transpose(1, 2)),
        1e-4)
        << "turned";
    EXPECT_EQ(products(a.to(at::kDouble), b.to(at::kDouble)).scalar_type(), at::kDouble);
    const at::Tensor x = randomTensor({3, 21, 65, 47}, 3);
    EXPECT_LE(maxDifference(sameOnAll([&] { return channelSums(x); }), x.to(at::kDouble).sum({0, 2, 3})),
              1e-9 * static_cast<double>(x.numel()));
}

TEST(FixedSplit, OneThreadEndsWithItsScope) {
    const test::Threads threads(3);
    {
        const OneThread one;
        EXPECT_EQ(at::get_num_threads(), 1);
        const OneThread within;
        EXPECT_EQ(at::get_num_threads(), 1);
    }
    EXPECT_EQ(at::get_num_threads(), 3);
    std::thread([] {
        const OneThread one;
        EXPECT_EQ(at::get_num_threads(), 1) << "on a thread that libtorch has not seen";
    }).join();
}

}  // namespace
}  // namespace qat
