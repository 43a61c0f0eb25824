// Operators on codes against their formulas, number by number.
#include "ops/integer_ops.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "ops/forward.h"
#include "support/tensors.h"

namespace qat {
namespace {

at::Tensor one(float value) {
    return at::full({1}, value);
}
at::Tensor allCodes(bool isSigned) {
    return (at::arange(256, at::kInt) - (isSigned ? 128 : 0)).to(isSigned ? at::kChar : at::kByte);
}

TEST(IntegerOps, QuantizeRoundsTiesToEvenAndClips) {
    const at::Tensor x = at::tensor({-9.f, -0.75f, -0.25f, 0.25f, 0.75f, 1.25f, 130.f, 1e30f, -1e30f});
    EXPECT_TRUE(at::equal(forward(Quantize{}, {x, one(0.5f), one(3)}, false)[0].to(at::kInt),
                          at::tensor({0, 1, 3, 3, 5, 5, 255, 255, 0}, at::kInt)));
    EXPECT_TRUE(at::equal(forward(Quantize{-7, 7}, {x, one(0.5f), one(0)}, false)[0].to(at::kInt),
                          at::tensor({-7, -2, 0, 0, 2, 2, 7, 7, -7}, at::kInt)));
    EXPECT_EQ(forward(Quantize{-7, 7}, {x, one(0.5f), one(0)}, false)[0].scalar_type(), at::kChar);
}

// A pixel of 25 / 255 on a grid of 250 codes lies on a tie: the quotient decides, not a product with the inverse.
TEST(IntegerOps, QuantizeDivides) {
    at::Tensor x = at::empty({256}), expected = at::empty({256}, at::kByte);
    const float scale = 250.f / 255.f / 255.f;
    for (int i = 0; i < 256; ++i) {
        x.data_ptr<float>()[i] = static_cast<float>(i) / 255.f;
        expected.data_ptr<uint8_t>()[i] =
            static_cast<uint8_t>(std::min(255.f, std::nearbyint(x.data_ptr<float>()[i] / scale)));
    }
    EXPECT_TRUE(at::equal(forward(Quantize{}, {x, one(scale), one(0)}, false)[0], expected));
}

TEST(IntegerOps, DequantizeOfEveryCode) {
    for (const bool isSigned : {false, true}) {
        const at::Tensor codes = allCodes(isSigned), x = forward(Dequantize{}, {codes, one(0.1f), one(5)}, false)[0];
        for (int i = 0; i < 256; ++i)
            EXPECT_EQ(x.data_ptr<float>()[i], static_cast<float>(i - (isSigned ? 128 : 0) - 5) * 0.1f);
        EXPECT_TRUE(at::equal(
            forward(Quantize{isSigned ? -128 : 0, isSigned ? 127 : 255}, {x, one(0.1f), one(5)}, false)[0], codes));
    }
}

TEST(IntegerOps, LookupIndexesSignedCodesFromTheirLeast) {
    const at::Tensor table = at::flip(allCodes(false), {0});
    EXPECT_TRUE(at::equal(forward(Lookup{}, {allCodes(false), table}, false)[0], table));
    EXPECT_TRUE(at::equal(forward(Lookup{}, {allCodes(true), table}, false)[0], table));
}

TEST(IntegerOps, AddOfAllPairsIsTheRoundedSum) {
    const at::Tensor a = allCodes(false).repeat_interleave(256), b = allCodes(false).repeat({256});
    const float sa = 0.031f, sb = 0.017f, sy = 0.04f;
    const at::Tensor sum =
        forward(IntegerAdd{}, {a, b, at::tensor({sa, sb, sy}), at::tensor({3.f, 9.f, 20.f})}, false)[0];
    int off = 0;
    for (int i = 0; i < 65536; ++i) {
        const double exact = ((i / 256 - 3) * static_cast<double>(sa) + (i % 256 - 9) * static_cast<double>(sb)) / sy;
        const double code = std::clamp(std::nearbyint(exact) + 20, 0.0, 255.0);
        const bool tie = std::abs(exact - std::floor(exact) - 0.5) < 1e-4;
        off += !tie && code != sum.data_ptr<uint8_t>()[i];
    }
    EXPECT_EQ(off, 0);
}

TEST(IntegerOps, BiasLiesOnTheGridOfTheSums) {
    const std::vector<float> bias{0.1f, -0.05f, 3e5f}, scales{0.015625f, 0.02f, 0.015625f};
    EXPECT_EQ(biasCodes(bias, 0.5f, scales), (std::vector<int32_t>{13, -5, 38400000}));
    EXPECT_EQ(biasCodes({bias.data(), 2}, 0.5f, {scales.data(), 1}), (std::vector<int32_t>{13, -6}));
    EXPECT_FALSE(biasCodes(bias, 1e-6f, scales));
    EXPECT_FALSE(biasCodes(std::vector<float>{NAN}, 1.f, scales));
}

TEST(IntegerOps, MaximumPoolingAndResizingKeepCodes) {
    const at::Tensor codes = test::randomTensor({1, 4, 6, 6}, 3, 0, 256).floor().to(at::kByte);
    const at::Tensor pooled = forward(Pool{PoolKind::Max, {5, 5}, {1, 1}, {2, 2}}, {codes}, false)[0];
    EXPECT_EQ(pooled.scalar_type(), at::kByte);
    EXPECT_TRUE(at::equal(pooled.to(at::kFloat), at::max_pool2d(codes.to(at::kFloat), 5, 1, 2)));
    EXPECT_TRUE(
        at::equal(forward(Resize{2}, {codes}, false)[0], codes.repeat_interleave(2, 2).repeat_interleave(2, 3)));
}

TEST(IntegerOps, RefuseGridsThatDoNotFitAByte) {
    EXPECT_THROW(codeGrid(0, 256, one(1), one(0)), Error);
    EXPECT_THROW(codeGrid(-129, 10, one(1), one(0)), Error);
    EXPECT_THROW(codeGrid(0, 255, at::ones({2}), one(0)), Error);
}

}  // namespace
}  // namespace qat
