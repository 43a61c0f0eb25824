// Streaming histograms: the same counts as sorting all values into the final bins at once, whatever came first.
#include "quant/histogram.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "support/tensors.h"

namespace qat {
namespace {

// Bell-shaped values of many sizes, batch after batch wider.
std::vector<at::Tensor> growingBatches(uint64_t seed) {
    std::vector<at::Tensor> batches;
    Random random(seed);
    for (int i = 0; i < 6; ++i) {
        at::Tensor x = at::empty({3, 5 + 40 * i, 77});
        const double spread = std::pow(10.0, i - 3);
        for (int64_t k = 0; k < x.numel(); ++k)
            x.data_ptr<float>()[k] = static_cast<float>(random.normal() * spread - 0.1 * i);
        batches.push_back(x);
    }
    return batches;
}

std::vector<double> countedAtOnce(const std::vector<at::Tensor>& batches, const Histogram& bins) {
    std::vector<double> counts(bins.counts.size());
    for (const at::Tensor& x : batches)
        for (int64_t k = 0; k < x.numel(); ++k) {
            const auto bin =
                static_cast<int64_t>(std::floor(static_cast<double>(x.data_ptr<float>()[k]) / bins.width)) - bins.first;
            counts.at(static_cast<size_t>(bin)) += 1;
        }
    return counts;
}

Histogram counted(const std::vector<at::Tensor>& batches) {
    StreamingHistogram histogram;
    for (const at::Tensor& x : batches) histogram.add(x);
    return histogram.histogram();
}

TEST(StreamingHistogram, CountsAreExactAfterTheRangeGrew) {
    const auto batches = growingBatches(1);
    const Histogram h = counted(batches);
    EXPECT_EQ(h.counts, countedAtOnce(batches, h));
    int exponent = 0;
    EXPECT_EQ(std::frexp(h.width, &exponent), 0.5) << "a power of two";
    EXPECT_LE(h.counts.size(), static_cast<size_t>(StreamingHistogram::kBins));
    EXPECT_GE(h.counts.size(), static_cast<size_t>(StreamingHistogram::kBins / 2 - 1))
        << "no finer bins would have fitted";
    const at::Tensor all = at::cat({batches[0].flatten(), batches[1].flatten(), batches[2].flatten(),
                                    batches[3].flatten(), batches[4].flatten(), batches[5].flatten()});
    EXPECT_EQ(h.low, all.min().item<float>());
    EXPECT_EQ(h.high, all.max().item<float>());
    EXPECT_EQ(h.total(), static_cast<double>(all.numel()));
}

TEST(StreamingHistogram, OrderThreadsAndMemoryLayoutChangeNothing) {
    auto batches = growingBatches(2);
    batches.push_back(test::randomTensor({4, 64, 50, 50}, 3, -2, 9).contiguous(at::MemoryFormat::ChannelsLast));
    batches.push_back(test::randomTensor({4, 64, 50, 50}, 4, -2, 9).slice(3, 0, 31));
    const Histogram forward = counted(batches);
    std::reverse(batches.begin(), batches.end());
    const int threads = at::get_num_threads();
    at::set_num_threads(1);
    const Histogram backward = counted(batches);
    at::set_num_threads(threads);
    EXPECT_EQ(forward.counts, backward.counts);
    EXPECT_EQ(forward.first, backward.first);
    EXPECT_EQ(forward.width, backward.width);
    for (at::Tensor& x : batches) x = x.contiguous();
    EXPECT_EQ(forward.counts, countedAtOnce(batches, forward));
}

TEST(StreamingHistogram, TellsTheExtremesOfEachTensor) {
    StreamingHistogram histogram;
    EXPECT_EQ(histogram.add(at::tensor({3.0f, -1.5f, 2.0f})), std::pair(-1.5f, 3.0f));
    EXPECT_EQ(histogram.add(at::tensor({0.25f})), std::pair(0.25f, 0.25f));
    EXPECT_EQ(histogram.total(), 4u);
}

TEST(StreamingHistogram, ConstantsZerosAndExtremeNumbersFit) {
    for (const float value : {0.0f, 5.0f, -5.0f, 1e-40f, -1e-30f, 3e38f, -3e38f}) {
        StreamingHistogram histogram;
        histogram.add(at::full({10}, value));
        histogram.add(at::zeros({3}));
        const Histogram h = histogram.histogram();
        EXPECT_EQ(h.total(), 13) << value;
        EXPECT_EQ(h.low, std::min(value, 0.0f));
        EXPECT_EQ(h.high, std::max(value, 0.0f));
        EXPECT_LE(h.edge(0), h.low);
        EXPECT_GT(h.edge(h.counts.size()), h.high);
    }
    StreamingHistogram wide;
    wide.add(at::tensor({1e-38f}));
    wide.add(at::tensor({-3e38f, 3e38f}));
    EXPECT_EQ(wide.histogram().total(), 3);
}

TEST(StreamingHistogram, WhatIsNotFiniteIsToldAndNotCounted) {
    StreamingHistogram histogram;
    histogram.add(at::ones({5}));
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        at::Tensor x = at::ones({100, 100});
        x[70][3] = bad;
        const auto [low, high] = histogram.add(x);
        EXPECT_FALSE(std::isfinite(low) && std::isfinite(high));
    }
    EXPECT_EQ(histogram.histogram().total(), 5);
    EXPECT_THROW(histogram.add(at::empty({0})), Error);
}

TEST(StreamingHistogram, FewerBinsAreTheCoarserOnes) {
    const auto batches = growingBatches(6);
    StreamingHistogram few(256);
    for (const at::Tensor& x : batches) few.add(x);
    const Histogram h = few.histogram();
    EXPECT_LE(h.counts.size(), 256u);
    EXPECT_EQ(h.counts, countedAtOnce(batches, h));
    EXPECT_EQ(h.counts, coarser(counted(batches), h.counts.size()).counts);
}

TEST(Histogram, CoarserBinsHoldTheSameValues) {
    const auto batches = growingBatches(5);
    const Histogram h = counted(batches), c = coarser(h, 300);
    EXPECT_LE(c.counts.size(), 300u);
    EXPECT_EQ(c.counts, countedAtOnce(batches, c));
    EXPECT_EQ(coarser(h, 5000).counts, h.counts);
}

TEST(Histogram, MagnitudesFoldTheNegativeBinsOver) {
    const Histogram h{0.5, -3, {1, 2, 3, 4, 5}, -1.4f, 0.9f}, m = magnitudes(h);
    EXPECT_EQ(m.counts, (std::vector<double>{3 + 4, 2 + 5, 1}));
    EXPECT_EQ(m.first, 0);
    EXPECT_EQ(m.high, 1.4f);
}

TEST(Histogram, AboveDropsWhatEndsBelowTheFloor) {
    const Histogram h{0.5, -3, {1, 2, 3, 4, 5}, -1.4f, 0.9f}, rest = above(h, -1);
    EXPECT_EQ(rest.counts, (std::vector<double>{2, 3, 4, 5}));
    EXPECT_EQ(rest.edge(0), -1);
    EXPECT_EQ(rest.low, -1);
    EXPECT_EQ(above(h, -2).counts, h.counts);
    EXPECT_EQ(above(h, 4).total(), 0);
}

}  // namespace
}  // namespace qat
