// The tracker on sequences of codes small enough to follow by hand.
#include "train/oscillation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "quant/plan.h"
#include "train/quantized_weight.h"

namespace qat {
namespace {

// One convolution whose weights are their own codes: per-tensor grid -7..7 with scale 1.
struct Codes : test::QuantizedWeight {
    std::optional<OscillationTracker> tracker;

    explicit Codes(const std::vector<float>& start, int bits = 4) : QuantizedWeight(start, bits) {
        tracker.emplace(graph, *quantizers);
    }
    void step(const std::vector<float>& codes) {
        weight().copy_(at::tensor(codes).reshape(weight().sizes()));
        tracker->step(graph);
    }
    std::vector<float> frequencies() const {
        const auto state = tracker->state();
        const at::Tensor& f = *state.at(2).second;
        return {f.data_ptr<float>(), f.data_ptr<float>() + f.numel()};
    }
};

TEST(Oscillation, CountsReversalsOnly) {
    // 2 3 2 3 2: the first change has no direction to oppose; t = 2, 3, 4 are oscillations. Beside it a code that
    // climbs, and one that pauses before it turns back: one oscillation, at t = 4.
    Codes codes({2, 2, 2});
    codes.step({3, 3, 3});
    EXPECT_EQ(codes.frequencies(), (std::vector<float>{0, 0, 0}));
    codes.step({2, 4, 3});
    EXPECT_NEAR(codes.frequencies()[0], 0.01, 1e-7);
    codes.step({3, 5, 3});
    EXPECT_NEAR(codes.frequencies()[0], 0.0199, 1e-7);
    codes.step({2, 6, 2});
    EXPECT_NEAR(codes.frequencies()[0], 0.029701, 1e-7);
    EXPECT_EQ(codes.frequencies()[1], 0);
    EXPECT_NEAR(codes.frequencies()[2], 0.01, 1e-7);
    const auto shares = codes.tracker->shares(codes.graph);
    ASSERT_EQ(shares.size(), 1u);
    EXPECT_EQ(shares[0].layer, "conv");
    EXPECT_EQ(shares[0].bits, 4);
    EXPECT_NEAR(shares[0].share, 2.0 / 3.0, 1e-12);
    EXPECT_NEAR(shares[0].meanFrequency, (0.029701 + 0.01) / 3, 1e-7);
    EXPECT_NEAR(codes.tracker->totalShare(), 2.0 / 3.0, 1e-12);
}

TEST(Oscillation, WeightsBeyondTheGridStayAtItsEnd) {
    Codes codes({7, 7});
    for (const float far : {20.0f, 9.0f, 20.0f, 9.0f}) codes.step({far, 7});
    EXPECT_EQ(codes.frequencies(), (std::vector<float>{0, 0}));
}

TEST(Oscillation, MovementWithinACodeIsNone) {
    Codes codes({2, 2});
    for (const float near : {2.4f, 1.6f, 2.4f, 1.6f}) codes.step({near, 2});
    EXPECT_EQ(codes.frequencies(), (std::vector<float>{0, 0}));
}

TEST(Oscillation, WiderGridsAreNotFollowed) {
    Codes codes({2, 3}, 8);
    codes.step({3, 2});
    EXPECT_TRUE(codes.tracker->shares(codes.graph).empty());
    EXPECT_EQ(codes.tracker->totalShare(), 0);
}

TEST(Oscillation, RestoredStateGoesOnAlike) {
    Codes first({2, -3}), second({2, -3});
    first.step({3, -2});
    const auto state = first.tracker->state();
    second.tracker->restore(state);
    first.step({2, -3});
    second.step({2, -3});
    EXPECT_EQ(first.frequencies(), second.frequencies());
    EXPECT_NEAR(second.frequencies()[1], 0.01, 1e-7);
}

// Against the definition, counted weight by weight in double precision; weights of two dimensions in channels-last
// memory.
TEST(Oscillation, FrequenciesAreThoseOfTheDefinition) {
    constexpr int64_t kWeights = 48, kSteps = 200;
    Random random(5);
    std::vector<float> start(kWeights);
    for (float& w : start) w = static_cast<float>(random.uniform() * 8 - 4);
    Codes codes(start);
    std::vector<double> frequency(kWeights), last(kWeights);
    std::vector<float> weights = start;
    for (int64_t step = 0; step < kSteps; ++step) {
        const std::vector<float> before = weights;
        for (float& w : weights) w += static_cast<float>(random.normal() * 0.4);
        codes.step(weights);
        for (size_t i = 0; i < kWeights; ++i) {
            const auto code = [](float w) { return std::clamp(std::nearbyint(static_cast<double>(w)), -7.0, 7.0); };
            const double change = code(weights[i]) - code(before[i]);
            frequency[i] = 0.99 * frequency[i] + (change * last[i] < 0 ? 0.01 : 0);
            if (change != 0) last[i] = change;
        }
    }
    const auto measured = codes.frequencies();
    for (size_t i = 0; i < kWeights; ++i) EXPECT_NEAR(measured[i], frequency[i], 1e-6) << i;
    EXPECT_GT(*std::ranges::max_element(frequency), 0.05);
}

TEST(Oscillation, MomentumIsTheWeightOfTheNewestStep) {
    Codes codes({2});
    codes.tracker.emplace(codes.graph, *codes.quantizers, 0.25);
    codes.step({3});
    codes.step({2});
    EXPECT_NEAR(codes.frequencies()[0], 0.25, 1e-7);
}

TEST(Oscillation, DistanceToTheBoundaryCountsWithinTheGrid) {
    Codes codes({2, 2, 2, 2});
    codes.step({2, 2.5, -1.25, 20});
    EXPECT_NEAR(codes.tracker->shares(codes.graph)[0].boundaryDistance, (0.5 + 0 + 0.25) / 3, 1e-6);
}

// Scales along the second axis of the weight: its memory is no run of equal scales, which must not show.
TEST(Oscillation, AnyChannelAxisIsFollowed) {
    Graph graph;
    const ValueId x = graph.addInput("x", {1, 2, 1, 1});
    const auto weight = std::make_shared<at::Tensor>(at::tensor({1.0f, 10.0f, 2.0f, 20.0f}).reshape({2, 2, 1, 1}));
    graph.setOutput("out", graph.add("conv", Conv2d{}, {x, graph.addParameter("conv.weight", weight, {2, 2, 1, 1})}));
    Config config;
    config.quantization.weight.bitWidth = 4;
    config.quantization.weight.channelAxis = 1;
    QuantizerSet quantizers(graph, resolvePlan(graph, config));
    graph.value(quantizers.all().front().scale).data->copy_(at::tensor({1.0f, 10.0f}));
    const OscillationTracker tracker(graph, quantizers);
    EXPECT_TRUE(
        at::equal(tracker.codes().front().code->to(at::kFloat).reshape({-1}), at::tensor({1.0f, 1.0f, 2.0f, 2.0f})));
}

// One scale every two elements of an output channel in row-major order, though the weight lies in channels-last memory.
TEST(Oscillation, GroupsAreFollowed) {
    Graph graph;
    const ValueId x = graph.addInput("x", {1, 2, 1, 2});
    const at::Tensor values =
        at::tensor({1.0f, 2.0f, 30.0f, 20.0f}).reshape({1, 2, 1, 2}).contiguous(at::MemoryFormat::ChannelsLast);
    const ValueId weight = graph.addParameter("conv.weight", std::make_shared<at::Tensor>(values), {1, 2, 1, 2});
    graph.setOutput("out", graph.add("conv", Conv2d{}, {x, weight}));
    Config config;
    config.quantization.weight.bitWidth = 4;
    QuantizerSet quantizers(graph, resolvePlan(graph, config));
    const Quantizer& q = quantizers.all().front();
    std::get<FakeQuantize>(graph.node(q.nodes.front()).op).group = 2;
    graph.value(q.scale).data = std::make_shared<at::Tensor>(at::tensor({1.0f, 10.0f}));
    graph.value(q.zeroPoint).data = std::make_shared<at::Tensor>(at::zeros({2}));
    const OscillationTracker tracker(graph, quantizers);
    EXPECT_TRUE(
        at::equal(tracker.codes().front().code->to(at::kFloat).reshape({-1}), at::tensor({1.0f, 2.0f, 3.0f, 2.0f})));
}

TEST(Oscillation, RefusesStateThatDoesNotFit) {
    Codes codes({2, 3}), other({1, 2, 3});
    EXPECT_THROW(codes.tracker->restore(other.tracker->state()), Error);
    EXPECT_THROW(codes.tracker->restore({}), Error);
}

}  // namespace
}  // namespace qat
