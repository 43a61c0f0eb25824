// Integer grids and the scale and zero point of a range, against the written tables.
#include "quant/scheme.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace qat {
namespace {

TensorQuantConfig tensorConfig(DType dtype, int bits, bool symmetric, bool narrow, bool reduceRange = false) {
    TensorQuantConfig config;
    config.narrowRange = narrow;
    config.dtype = dtype, config.bitWidth = bits, config.symmetric = symmetric, config.reduceRange = reduceRange;
    return config;
}

TEST(Grid, RangesOfTheTable) {
    for (const int bits : {2, 3, 4, 8, 15, 16}) {
        const int64_t half = int64_t{1} << (bits - 1);
        EXPECT_EQ(gridFor(tensorConfig(DType::QInt8, bits, false, false)), (QuantGrid{bits, -half, half - 1, false}));
        EXPECT_EQ(gridFor(tensorConfig(DType::QInt8, bits, true, true)), (QuantGrid{bits, -half + 1, half - 1, true}));
        EXPECT_EQ(gridFor(tensorConfig(DType::QUInt8, bits, false, false)), (QuantGrid{bits, 0, 2 * half - 1, false}));
    }
    EXPECT_EQ(gridFor(tensorConfig(DType::QInt8, 8, false, true)).qmin, -128) << "narrow concerns symmetric grids only";
    EXPECT_EQ(gridFor(tensorConfig(DType::QUInt8, 8, true, true)).qmin, 0);
}

TEST(Grid, ReducedRangeHasOneBitLess) {
    EXPECT_EQ(gridFor(tensorConfig(DType::QInt8, 8, false, false, true)), (QuantGrid{8, -64, 63, false}));
    EXPECT_EQ(gridFor(tensorConfig(DType::QInt8, 8, true, true, true)), (QuantGrid{8, -63, 63, true}));
    EXPECT_EQ(gridFor(tensorConfig(DType::QUInt8, 8, false, false, true)), (QuantGrid{8, 0, 127, false}));
}

TEST(Grid, OneBitIsBinaryWhereSignedAndTwoCodesElsewhereAndTwoNarrowBitsAreTernary) {
    EXPECT_EQ(gridFor(tensorConfig(DType::QInt8, 1, true, true)), (QuantGrid{1, -1, 1, true, NumberFormat::Binary}));
    EXPECT_EQ(gridFor(tensorConfig(DType::QInt8, 2, true, true, true)),
              (QuantGrid{2, -1, 1, true, NumberFormat::Binary}))
        << "reduced to one bit";
    EXPECT_EQ(gridFor(tensorConfig(DType::QUInt8, 1, false, false)), (QuantGrid{1, 0, 1, false}));
    EXPECT_EQ(gridFor(tensorConfig(DType::QInt8, 2, true, true)), (QuantGrid{2, -1, 1, true}));
    EXPECT_THROW(gridFor(tensorConfig(DType::QInt8, 1, false, true)), Error);
    EXPECT_THROW(gridFor(tensorConfig(DType::QUInt8, 1, false, false, true)), Error);
}

TEST(Grid, FloatingPointGridsReachFromLargestToLargest) {
    EXPECT_EQ(gridFor(tensorConfig(DType::Float8E4m3, 8, true, true)),
              (QuantGrid{8, -448, 448, true, NumberFormat::E4m3}));
    EXPECT_EQ(gridFor(tensorConfig(DType::Float8E5m2, 8, false, false)),
              (QuantGrid{8, -57344, 57344, true, NumberFormat::E5m2}));
    EXPECT_EQ(gridFor(tensorConfig(DType::Float16, 8, true, true)),
              (QuantGrid{16, -65504, 65504, true, NumberFormat::Half}));
    EXPECT_FLOAT_EQ(chooseQParams(-3, 4.48f, {8, -448, 448, true, NumberFormat::E4m3}).scale, 0.01f);
    EXPECT_EQ(chooseQParams(-3, 4.48f, {16, -65504, 65504, true, NumberFormat::Half}), (QParams{1, 0})) << "not scaled";
}

TEST(ScaleAndZeroPoint, PowersOfTwoAreTheNearestByExponent) {
    QuantGrid grid{8, -127, 127, true};
    grid.powerOfTwo = true;
    EXPECT_EQ(chooseQParams(-1.27f, 0, grid).scale, 0x1p-7f) << "0.01 = 2^-6.64";
    EXPECT_EQ(chooseQParams(-1.45f, 0, grid).scale, 0x1p-6f) << "0.0114 = 2^-6.45 lies nearer to 2^-7 by value only";
    EXPECT_EQ(chooseQParams(0, 0, grid, 0.01f).scale, 0x1p-6f) << "not below the floor";
    grid = {8, 0, 255, false};
    grid.powerOfTwo = true;
    const QParams params = chooseQParams(-0.2785f, 5.3f, grid);
    EXPECT_EQ(params.scale, 0x1p-6f);
    EXPECT_EQ(params.zeroPoint, 18) << "of the scale that is used: 0.2785 * 64";
}

TEST(Grid, WidthsOutsideOneToSixteenAreRefused) {
    for (const int bits : {-1, 0, 17, 64})
        EXPECT_THROW(gridFor(tensorConfig(DType::QInt8, bits, true, true)), Error) << bits;
}

TEST(ScaleAndZeroPoint, AffineGoldenOfTheTable) {
    const QParams params = chooseQParams(-0.2785f, 5.3f, {8, 0, 255, false});
    EXPECT_NEAR(params.scale, 0.0218764706f, 1e-9f);
    EXPECT_EQ(params.zeroPoint, 13);
}

TEST(ScaleAndZeroPoint, NarrowSymmetricGoldenOfTheTable) {
    const QuantGrid grid{8, -127, 127, true};
    EXPECT_FLOAT_EQ(chooseQParams(-1.27f, 0.5f, grid).scale, 0.01f);
    EXPECT_NEAR(chooseQParams(0.02f, 0.03f, grid).scale, 0.000236220f, 1e-9f);
    EXPECT_EQ(chooseQParams(-1.27f, 0.5f, grid).zeroPoint, 0);
}

TEST(ScaleAndZeroPoint, SymmetricUsesHalfTheSteps) {
    EXPECT_FLOAT_EQ(chooseQParams(-1, 2, {8, -128, 127, true}).scale, 2 / 127.5f);
    EXPECT_FLOAT_EQ(chooseQParams(-3, 2, {8, 0, 255, true}).scale, 3 / 127.5f);
    EXPECT_EQ(chooseQParams(-3, 2, {8, 0, 255, true}).zeroPoint, 128);
    EXPECT_FLOAT_EQ(chooseQParams(-7, 2, {4, -7, 7, true}).scale, 1.0f);
}

TEST(ScaleAndZeroPoint, RangeIsExtendedToZero) {
    const QuantGrid grid{8, 0, 255, false};
    EXPECT_EQ(chooseQParams(1, 2, grid), chooseQParams(0, 2, grid));
    EXPECT_EQ(chooseQParams(1, 2, grid).zeroPoint, 0);
    EXPECT_EQ(chooseQParams(-2, -1, grid), chooseQParams(-2, 0, grid));
    EXPECT_EQ(chooseQParams(-2, -1, grid).zeroPoint, 255);
}

TEST(ScaleAndZeroPoint, ZeroIsAlwaysOnTheGrid) {
    for (const QuantGrid& grid :
         {QuantGrid{8, 0, 255, false}, QuantGrid{4, -8, 7, false}, QuantGrid{16, 0, 65535, false}})
        for (const float low : {-5.0f, -0.3f, -1e-6f, 0.0f})
            for (const float high : {0.0f, 1e-7f, 0.7f, 900.0f}) {
                const QParams params = chooseQParams(low, high, grid);
                EXPECT_GE(params.zeroPoint, static_cast<float>(grid.qmin));
                EXPECT_LE(params.zeroPoint, static_cast<float>(grid.qmax));
                EXPECT_EQ(params.zeroPoint, std::nearbyint(params.zeroPoint));
                EXPECT_GT(params.scale, 0);
            }
}

TEST(ScaleAndZeroPoint, ScaleHasAFloor) {
    EXPECT_EQ(chooseQParams(0, 0, {8, 0, 255, false}).scale, 1.1920929e-7f);
    EXPECT_EQ(chooseQParams(0, 1e-9f, {8, -127, 127, true}, 1e-5f).scale, 1e-5f);
    EXPECT_FLOAT_EQ(scaleFloor(1e-5, 8), 1e-5f);
    EXPECT_FLOAT_EQ(scaleFloor(1e-5, 4), 1e-5f);
    EXPECT_FLOAT_EQ(scaleFloor(1e-5, 10), static_cast<float>(1e-5 * 255 / 1023)) << "finer grids have finer floors";
    EXPECT_EQ(scaleFloor(1e-5, 16), 1.1920929e-7f);
    EXPECT_EQ(scaleFloor(0, 8), 1.1920929e-7f);
}

TEST(ScaleAndZeroPoint, ImpossibleRangesAreRefused) {
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
    for (const auto& [low, high] :
         {std::pair{nan, 1.0f}, {0.0f, nan}, {-infinity, 1.0f}, {0.0f, infinity}, {2.0f, 1.0f}})
        EXPECT_THROW(chooseQParams(low, high, {}), Error) << low << " " << high;
}

}  // namespace
}  // namespace qat
