// Packed convolutions against libtorch's in double precision, and their integer form against exact arithmetic.
#include "ops/packed_conv.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "ops/forward.h"
#include "ops/integer_conv.h"
#include "ops/integer_ops.h"
#include "support/tensors.h"

namespace qat {
namespace {

using test::maxDifference;
using test::randomTensor;
using test::relativeDifference;
using test::sameBits;

struct Case {
    const char* name;
    Conv2d window;
    Shape data, weight;
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
    return out << c.name;
}

class Windows : public testing::TestWithParam<Case> {
protected:
    at::Tensor data() const { return randomTensor(GetParam().data, 1); }
    at::Tensor weight() const { return randomTensor(GetParam().weight, 2); }
    at::Tensor bias() const { return randomTensor({GetParam().weight[0]}, 3); }
    at::Tensor expected() const {
        const Conv2d& w = GetParam().window;
        return at::conv2d(data().to(at::kDouble), weight().to(at::kDouble), bias().to(at::kDouble), w.stride, w.padding,
                          w.dilation, w.groups);
    }
    // Whole numbers low..high of a byte type.
    static at::Tensor codes(const Shape& shape, uint64_t seed, double low, double high, at::ScalarType type) {
        return randomTensor(shape, seed, low, high + 1).floor().clamp(low, high).to(type);
    }
};

TEST_P(Windows, FloatsEqualTheDoubleConvolution) {
    PackedConv conv(GetParam().window, weight(), bias(), std::nullopt);
    EXPECT_LE(relativeDifference(conv.run(data()), expected()), 5e-6);
    EXPECT_LE(relativeDifference(conv.run(data().contiguous(at::MemoryFormat::ChannelsLast)), expected()), 5e-6);
}

TEST_P(Windows, ActivationIsApplied) {
    const at::Tensor y = expected();
    EXPECT_LE(relativeDifference(
                  PackedConv(GetParam().window, weight(), bias(), Activation{ActivationKind::Silu}).run(data()),
                  y * at::sigmoid(y)),
              5e-6);
    EXPECT_LE(
        relativeDifference(
            PackedConv(GetParam().window, weight(), bias(), Activation{ActivationKind::Relu}).run(data()), at::relu(y)),
        5e-6);
}

// Extremes on purpose: products of bytes that saturate 16 bits in between must not.
TEST_P(Windows, SumsOfBytesAreExact) {
    if (!PackedConv::integersAreExact()) GTEST_SKIP() << "this processor has no VNNI: sums go through whole floats";
    for (const bool isSigned : {false, true}) {
        const int32_t zero = isSigned ? 0 : 131;
        const at::Tensor x =
            codes(GetParam().data, 5, isSigned ? -128 : 0, isSigned ? 127 : 255, isSigned ? at::kChar : at::kByte);
        for (const at::Tensor& w :
             {codes(GetParam().weight, 6, -127, 127, at::kChar), at::full(GetParam().weight, 127, at::kChar)}) {
            const at::Tensor sums = PackedConv(GetParam().window, w, isSigned, zero).run(x).view(at::kInt);
            EXPECT_TRUE(sameBits(sums, exactSums(GetParam().window, x, at::full({1}, static_cast<float>(zero)), w)));
        }
    }
}

// The fast form of the operator and its tail against the plain operators one after the other.
TEST_P(Windows, IntegerTailsEqualTheirSteps) {
    const Conv2d& w = GetParam().window;
    const at::Tensor x = codes(GetParam().data, 7, 0, 255, at::kByte), zero = at::full({1}, 7.f),
                     scale = at::full({1}, 0.05f);
    const int64_t channels = GetParam().weight[0];
    const at::Tensor factor = randomTensor({channels}, 9, 1e-5, 2e-4), table = codes({256}, 10, 0, 255, at::kByte);
    const std::vector<at::Tensor> in{at::Tensor(),
                                     zero,
                                     codes(GetParam().weight, 8, -127, 127, at::kChar),
                                     codes({channels}, 11, -9999, 9999, at::kInt),
                                     factor,
                                     at::full({1}, 100.f)};
    auto full = in, inF = in;
    full[0] = x;
    inF[3] = randomTensor({channels}, 12);
    auto fullF = inF;
    fullF[0] = x;
    const IntegerConv2d toFloat{w.stride, w.padding, w.dilation, w.groups};
    IntegerConv2d toCodes = toFloat;
    toCodes.requantize = true;
    const at::Tensor inFloat = forward(toFloat, fullF, false)[0], inCodes = forward(toCodes, full, false)[0];
    EXPECT_TRUE(sameBits(IntegerConv(toFloat, inF, {}).run(x), inFloat));
    EXPECT_TRUE(sameBits(IntegerConv(toCodes, in, {}).run(x), inCodes));
    EXPECT_TRUE(
        sameBits(IntegerConv(toCodes, in, {table, {}, {}}).run(x), forward(Lookup{}, {inCodes, table}, false)[0]));
    const at::Tensor activated = forward(Activation{ActivationKind::Silu}, {inFloat}, false)[0];
    EXPECT_TRUE(sameBits(
        IntegerConv(toFloat, inF, {{}, Activation{ActivationKind::Silu}, codeGrid(0, 255, scale, zero)}).run(x),
        forward(Quantize{}, {activated, scale, zero}, false)[0]));
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, Windows,
    testing::Values(Case{"one by one", {}, {2, 32, 9, 7}, {48, 32, 1, 1}},
                    Case{"three by three", {{1, 1}, {1, 1}, {1, 1}, 1}, {1, 16, 12, 10}, {16, 16, 3, 3}},
                    Case{"image stem", {{2, 2}, {1, 1}, {1, 1}, 1}, {2, 3, 21, 17}, {16, 3, 3, 3}},
                    Case{"depthwise", {{1, 1}, {1, 1}, {1, 1}, 12}, {1, 12, 8, 8}, {12, 1, 3, 3}},
                    Case{"groups", {{2, 1}, {1, 0}, {1, 1}, 2}, {1, 8, 9, 9}, {6, 4, 3, 3}},
                    Case{"dilated", {{1, 1}, {2, 2}, {2, 2}, 1}, {1, 5, 9, 9}, {7, 5, 3, 3}},
                    Case{"deep", {{1, 1}, {1, 1}, {1, 1}, 1}, {1, 512, 5, 5}, {33, 512, 3, 3}}));

TEST(PackedConv, FollowsTheSizeOfTheData) {
    const Conv2d window{{1, 1}, {1, 1}, {1, 1}, 1};
    const at::Tensor weight = randomTensor({4, 3, 3, 3}, 1);
    PackedConv conv(window, weight, {}, std::nullopt);
    for (int64_t side = 3; side < 20; ++side) {
        const at::Tensor x = randomTensor({1, 3, side, side + 1}, static_cast<uint64_t>(side));
        EXPECT_LE(maxDifference(conv.run(x), at::conv2d(x, weight, {}, 1, 1)), 1e-5) << side;
    }
}

TEST(PackedConv, RefusesWhatDoesNotFit) {
    PackedConv conv({}, randomTensor({4, 3, 3, 3}, 1), {}, std::nullopt);
    EXPECT_THROW(conv.run(randomTensor({1, 4, 8, 8}, 2)), Error);
    EXPECT_THROW(conv.run(randomTensor({1, 3, 2, 2}, 2)), Error);
    EXPECT_THROW(conv.run(randomTensor({3, 8, 8}, 2)), Error);
}

}  // namespace
}  // namespace qat
