// Error metrics against their formulas written out in double precision.
#include "analysis/error_metrics.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace qat {
namespace {

at::Tensor noise(at::IntArrayRef shape, uint64_t seed) {
    Random random(seed);
    at::Tensor tensor = at::empty(shape);
    for (int64_t i = 0; i < tensor.numel(); ++i) tensor.data_ptr<float>()[i] = static_cast<float>(random.normal());
    return tensor;
}

struct Literal {
    double se = 0, yy = 0, qq = 0, yq = 0, ae = 0, ay = 0;
    int64_t n = 0;
    void add(const at::Tensor& y, const at::Tensor& q) {
        for (int64_t i = 0; i < y.numel(); ++i, ++n) {
            const double a = y.data_ptr<float>()[i], b = q.data_ptr<float>()[i];
            se += (a - b) * (a - b), yy += a * a, qq += b * b, yq += a * b, ae += std::abs(a - b), ay += std::abs(a);
        }
    }
};

void expectSame(const ErrorSums& sums, const Literal& l) {
    const auto n = static_cast<double>(l.n);
    EXPECT_NEAR(sums.mse() / (l.se / n), 1, 1e-5);
    EXPECT_NEAR(sums.noiseToSignal() / (l.se / l.yy), 1, 1e-5);
    EXPECT_NEAR(sums.sqnrDb(), -10 * std::log10(l.se / l.yy), 1e-4);
    EXPECT_NEAR(sums.cosine(), l.yq / std::sqrt(l.yy * l.qq), 1e-6);
    EXPECT_NEAR(sums.absError() / (l.ae / n), 1, 1e-5);
    EXPECT_NEAR(sums.relError() / (l.ae / l.ay), 1, 1e-5);
}

// Lengths around the loop's lanes and blocks.
TEST(ErrorSums, FollowTheFormulas) {
    for (const int64_t length : {1, 3, 16, 17, 4096, 4097, 20001}) {
        const at::Tensor y = noise({length}, 1), q = y + 0.1f * noise({length}, 2);
        ErrorSums sums;
        Literal literal;
        sums.add(y, q);
        literal.add(y, q);
        SCOPED_TRACE(length);
        expectSame(sums, literal);
    }
}

TEST(ErrorSums, AccumulateOverPairs) {
    ErrorSums sums;
    Literal literal;
    for (uint64_t i = 0; i < 4; ++i) {
        const at::Tensor y = noise({2, 5, 3, 7}, i), q = y + 0.05f * noise({2, 5, 3, 7}, 100 + i);
        sums.add(y, q);
        literal.add(y, q);
    }
    expectSame(sums, literal);
}

TEST(ErrorSums, MemoryOrderDoesNotMatter) {
    const at::Tensor y = noise({2, 8, 5, 5}, 1), q = noise({2, 8, 5, 5}, 2);
    ErrorSums plain, mixed, strided;
    plain.add(y, q);
    mixed.add(y.contiguous(at::MemoryFormat::ChannelsLast), q);
    strided.add(at::cat({y, y}, 1).slice(1, 0, 8), q);
    for (const ErrorSums* other : {&mixed, &strided}) {
        EXPECT_NEAR(plain.mse(), other->mse(), 1e-6);
        EXPECT_NEAR(plain.cosine(), other->cosine(), 1e-6);
    }
}

TEST(ErrorSums, AnExactCopyHasNoNoise) {
    const at::Tensor y = noise({100}, 3);
    ErrorSums sums;
    sums.add(y, y.clone());
    EXPECT_EQ(sums.mse(), 0);
    EXPECT_EQ(sums.noiseToSignal(), 0);
    EXPECT_EQ(sums.sqnrDb(), 200);
    EXPECT_NEAR(sums.cosine(), 1, 1e-6);
    EXPECT_EQ(sums.relError(), 0);
}

TEST(ErrorSums, ZerosGiveFiniteNumbers) {
    ErrorSums zeros, lost, nothing;
    zeros.add(at::zeros({10}), at::zeros({10}));
    EXPECT_EQ(zeros.cosine(), 1);
    EXPECT_EQ(zeros.sqnrDb(), 200);
    lost.add(at::zeros({10}), at::ones({10}));
    EXPECT_EQ(lost.cosine(), 0);
    EXPECT_EQ(lost.mse(), 1);
    EXPECT_TRUE(std::isfinite(lost.sqnrDb()));
    for (const ErrorSums* sums : {&zeros, &lost, &nothing})
        for (const auto& [name, value] : sums->metrics()) EXPECT_TRUE(std::isfinite(value)) << name;
}

TEST(ErrorSums, RefuseTensorsOfDifferentShapes) {
    ErrorSums sums;
    EXPECT_THROW(sums.add(at::zeros({4}), at::zeros({5})), Error);
}

}  // namespace
}  // namespace qat
