// Floating point formats code by code, and the quantizers that round to them, to signs and to groups.
#include "ops/number_format.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "ops/fake_quantize.h"
#include "support/tensors.h"

namespace qat {
namespace {

using test::randomTensor;

// The number that the bits of an 8-bit code stand for, from the fields of the code alone; NaN and infinities included.
double decoded(NumberFormat format, int code) {
    const int mantissaBits = format == NumberFormat::E4m3 ? 3 : 2, bias = format == NumberFormat::E4m3 ? 7 : 15;
    const int mantissa = code & ((1 << mantissaBits) - 1), exponent = (code & 127) >> mantissaBits,
              ones = (1 << (7 - mantissaBits)) - 1;
    const double sign = code & 128 ? -1 : 1;
    if (format == NumberFormat::E4m3 && exponent == ones && mantissa == 7)
        return std::numeric_limits<double>::quiet_NaN();
    if (format == NumberFormat::E5m2 && exponent == ones)
        return mantissa ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
    const double leading = exponent == 0 ? 0 : 1;
    return sign * std::ldexp(leading + std::ldexp(mantissa, -mantissaBits), std::max(exponent, 1) - bias);
}

// All finite numbers of a format from zero up, in order; the index is the code.
std::vector<double> positiveNumbers(NumberFormat format) {
    std::vector<double> numbers;
    for (int code = 0; code < 128; ++code)
        if (std::isfinite(decoded(format, code))) numbers.push_back(decoded(format, code));
    return numbers;
}

FakeQuantize eightBits(NumberFormat format) {
    const auto largest = static_cast<int64_t>(floatFormat(format).largest);
    FakeQuantize op{FakeQuantMode::Ste, 8, -largest, largest, -1, 1.0, false};
    op.format = format;
    return op;
}

float rounded(NumberFormat format, float x) {
    return fakeQuantize(eightBits(format), at::full({1}, x), at::ones({1}), at::zeros({1})).item<float>();
}

class EightBitFloats : public testing::TestWithParam<NumberFormat> {};
INSTANTIATE_TEST_SUITE_P(NumberFormats, EightBitFloats, testing::Values(NumberFormat::E4m3, NumberFormat::E5m2));

TEST_P(EightBitFloats, EveryCodeIsItself) {
    int finite = 0;
    for (int code = 0; code < 256; ++code) {
        const double number = decoded(GetParam(), code);
        if (!std::isfinite(number)) continue;
        ++finite;
        EXPECT_EQ(rounded(GetParam(), static_cast<float>(number)), static_cast<float>(number)) << "code " << code;
    }
    EXPECT_EQ(finite, GetParam() == NumberFormat::E4m3 ? 254 : 248);
    EXPECT_EQ(positiveNumbers(GetParam()).back(), floatFormat(GetParam()).largest);
}

// Between each pair of neighbours: below the middle down, above it up, the middle itself to the even code.
TEST_P(EightBitFloats, BetweenCodesTheNearestIsTakenAndHalfGoesToTheEvenCode) {
    const auto numbers = positiveNumbers(GetParam());
    for (size_t code = 0; code + 1 < numbers.size(); ++code) {
        const float middle = static_cast<float>((numbers[code] + numbers[code + 1]) / 2);
        const float even = static_cast<float>(numbers[code + code % 2]);
        for (const float sign : {1.0f, -1.0f}) {
            EXPECT_EQ(rounded(GetParam(), sign * middle), sign * even) << "above code " << code;
            EXPECT_EQ(rounded(GetParam(), sign * std::nextafter(middle, 0.0f)),
                      sign * static_cast<float>(numbers[code]));
            EXPECT_EQ(rounded(GetParam(), sign * std::nextafter(middle, 1e9f)),
                      sign * static_cast<float>(numbers[code + 1]));
        }
    }
}

TEST_P(EightBitFloats, SaturatesAndKeepsNaN) {
    const float largest = floatFormat(GetParam()).largest, infinity = std::numeric_limits<float>::infinity();
    for (const float x : {largest * 1.01f, largest * 4, 1e30f, infinity}) {
        EXPECT_EQ(rounded(GetParam(), x), largest);
        EXPECT_EQ(rounded(GetParam(), -x), -largest);
    }
    EXPECT_TRUE(std::isnan(rounded(GetParam(), std::numeric_limits<float>::quiet_NaN())));
}

TEST(NumberFormats, GoldensOfTheTable) {
    for (const auto& [x, y] : {std::pair{464.0f, 448.0f},
                               {17, 16},
                               {19, 20},
                               {0.001f, 0.001953125f},
                               {0x1p-10f, 0},
                               {1.5f * 0x1p-9f, 0.00390625f}})
        EXPECT_EQ(rounded(NumberFormat::E4m3, x), y) << x;
}

TEST(NumberFormats, HalfIsTheProcessorsOwnRounding) {
    FakeQuantize op{FakeQuantMode::Ste, 16, -65504, 65504, -1, 1.0, false};
    op.format = NumberFormat::Half;
    for (const double reach : {70000.0, 10.0, 1e-4, 1e-7}) {
        const at::Tensor x = randomTensor({20000}, 1, -reach, reach);
        const at::Tensor expected = x.clamp(-65504, 65504).to(at::kHalf).to(at::kFloat);
        EXPECT_TRUE(at::equal(fakeQuantize(op, x, at::ones({1}), at::zeros({1})), expected)) << reach;
    }
}

TEST(NumberFormats, ScaleMovesTheFormatOverTheValues) {
    const at::Tensor x = randomTensor({1000}, 1, -3, 3), scale = at::full({1}, 3.0f / 448);
    const at::Tensor y = fakeQuantize(eightBits(NumberFormat::E4m3), x, scale, at::zeros({1}));
    const at::Tensor codes = quantizedCodes(eightBits(NumberFormat::E4m3), x, scale, at::zeros({1}));
    EXPECT_TRUE(at::equal(codes * scale, y));
    EXPECT_LE((y - x).abs().max().item<double>(), 16 * 3.0 / 448) << "half of the widest step, 32";
    EXPECT_LE(((y - x) / x).abs().masked_select(x.abs().gt(0.01)).max().item<double>(), 1 / 16.0 + 1e-6);
}

TEST(NumberFormats, GradientPassesUpToTheLargestNumber) {
    at::Tensor x = at::tensor({-500.0f, -464.0f, 0.3f, 448.0f, 463.0f, 481.0f}).requires_grad_(true);
    fakeQuantize(eightBits(NumberFormat::E4m3), x, at::ones({1}), at::zeros({1})).sum().backward();
    EXPECT_TRUE(at::equal(x.grad(), at::tensor({0.0f, 1.0f, 1.0f, 1.0f, 1.0f, 0.0f}))) << x.grad();
}

TEST(Binary, IsTheSignTimesTheScale) {
    FakeQuantize op{FakeQuantMode::Ste, 1, -1, 1, -1, 1.0, false};
    op.format = NumberFormat::Binary;
    at::Tensor x = at::tensor({-3.0f, -0.5f, 0.0f, 0.4f, 0.6f}).requires_grad_(true);
    const at::Tensor y = fakeQuantize(op, x, at::full({1}, 0.5f), at::zeros({1}));
    EXPECT_TRUE(at::equal(y, at::tensor({-0.5f, -0.5f, 0.5f, 0.5f, 0.5f}))) << y;
    y.sum().backward();
    EXPECT_TRUE(at::equal(x.grad(), at::tensor({0.0f, 1.0f, 1.0f, 1.0f, 0.0f})))
        << "clamped: nothing passes beyond the scale";
    op.weight = true;
    at::Tensor w = x.detach().clone().requires_grad_(true), scale = at::full({1}, 0.5f).requires_grad_(true);
    op.mode = FakeQuantMode::Lsq;
    fakeQuantize(op, w, scale, at::zeros({1})).sum().backward();
    EXPECT_TRUE(at::equal(w.grad(), at::ones({5}))) << "weights keep their gradient";
    EXPECT_NEAR(scale.grad().item<double>(), 1.0 / std::sqrt(5.0), 1e-6) << "three signs up, two down";
}

TEST(Groups, EachPartOfARowHasItsOwnScaleInBothMemoryFormats) {
    FakeQuantize op{FakeQuantMode::Ste, 4, -7, 7, 0, 1.0, true};
    op.group = 8;
    const at::Tensor plain = randomTensor({3, 3, 3, 2}, 1, -1, 1);  // 18 to a row: groups of 8, 8 and 2
    EXPECT_EQ(scaleCount(op, {3, 3, 3, 2}), 9);
    const at::Tensor scale = randomTensor({9}, 2, 0.05, 0.2), zero = at::zeros({9});
    for (const at::Tensor& x : {plain, plain.contiguous(at::MemoryFormat::ChannelsLast)}) {
        const at::Tensor y = fakeQuantize(op, x, scale, zero).reshape({3, 18});
        for (int64_t row = 0; row < 3; ++row)
            for (int64_t i = 0; i < 18; ++i) {
                const float s = scale[row * 3 + i / 8].item<float>(), v = plain.reshape({3, 18})[row][i].item<float>();
                EXPECT_EQ(y[row][i].item<float>(), std::clamp(std::nearbyint(v * (1 / s)), -7.0f, 7.0f) * s)
                    << row << ' ' << i;
            }
        EXPECT_TRUE(at::equal(quantizedCodes(op, x, scale, zero) * spreadOver(op, x, scale), y.reshape(x.sizes())));
    }
    EXPECT_THROW(fakeQuantize(op, plain, at::ones({3}), at::zeros({3})), Error);
}

TEST(ScaleForms, LogarithmsAndPowersOfTwoGiveTheScaleTheyStandFor) {
    const at::Tensor x = randomTensor({1000}, 1, -1, 1), zero = at::zeros({1});
    const FakeQuantize plain{FakeQuantMode::Ste, 8, -127, 127, -1, 1.0, false};
    FakeQuantize log2 = plain, power = plain;
    log2.scaleForm = ScaleForm::Log2;
    power.scaleForm = ScaleForm::PowerOfTwo;
    const at::Tensor held = at::full({1}, -6.4f);
    EXPECT_TRUE(
        at::equal(fakeQuantize(log2, x, held, zero), fakeQuantize(plain, x, at::full({1}, std::exp2(-6.4f)), zero)));
    EXPECT_TRUE(at::equal(fakeQuantize(power, x, held, zero), fakeQuantize(plain, x, at::full({1}, 0x1p-6f), zero)));
    EXPECT_EQ(heldScale(log2, 0.25f), -2.0f);
    EXPECT_EQ(heldScale(plain, 0.25f), 0.25f);
}

TEST(ScaleFloor, HoldsLearnedScalesUp) {
    FakeQuantize op{FakeQuantMode::Lsq, 8, -127, 127, -1, 1.0, true};
    op.floor = 0.01;
    EXPECT_EQ(gridOf(op, 0.0f, 0).scale, 0.01f);
    EXPECT_EQ(gridOf(op, -0.5f, 0).scale, 0.01f) << "a scale below zero is no size";
}

}  // namespace
}  // namespace qat
