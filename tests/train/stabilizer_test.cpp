// The toy problem of Nagel et al. 2022: a weight whose best value lies between two codes swings for ever, unless it is
// dampened or frozen.
#include "train/stabilizer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/error.h"
#include "ops/fake_quantize.h"
#include "run/executor.h"
#include "train/optimizer.h"
#include "train/quantized_weight.h"

namespace qat {
namespace {

// One convolution with one weight per entry of `targets` on the grid -7 .. 7 times `scale`; the loss of each is
// (quantized weight - target)^2 / 2.
class Toy {
public:
    Toy(const std::vector<float>& targets, const OscillationConfig& config, bool learned = false, float scale = 1)
        : m_targets(at::tensor(targets)), m_layer(startOf(targets), 4, scale, learned) {
        weightTensor().requires_grad_(true);
        scaleTensor().requires_grad_(learned);
        TrainConfig train;
        train.weightDecay = 0;
        m_optimizer.emplace(trainedParameters(m_layer.graph, train), train);
        stabilizer.emplace(m_layer.graph, *m_layer.quantizers, config);
    }

    at::Tensor& weightTensor() { return m_layer.weight(); }
    at::Tensor& scaleTensor() { return m_layer.scale(); }
    const FakeQuantize& op() const {
        return std::get<FakeQuantize>(m_layer.graph.node(m_layer.quantizers->all().front().nodes.front()).op);
    }
    at::Tensor quantized() {
        const at::AutoGradMode grad(true);
        return fakeQuantize(op(), weightTensor(), scaleTensor(), at::zeros({1})).reshape({-1});
    }
    std::vector<float> codes() {
        const at::Tensor codes =
            quantizedCodes(op(), weightTensor(), scaleTensor(), at::zeros({1})).reshape({-1}).contiguous();
        return {codes.data_ptr<float>(), codes.data_ptr<float>() + codes.numel()};
    }
    void backward() {
        const at::AutoGradMode grad(true);
        ((quantized() - m_targets).square() / 2).sum().backward();
    }
    double step(double progress, double lr = 0.01) {
        backward();
        const double loss = stabilizer->beforeStep(progress, 1);
        m_optimizer->step({.lrBias = lr, .lrWeight = lr, .lrNorm = lr, .lrQuant = lr, .momentum = 0, .accumulate = 1});
        stabilizer->afterStep(progress);
        return loss;
    }
    // The codes that the first weight had during so many steps.
    std::set<float> visited(int steps, double progress = 1) {
        std::set<float> seen;
        for (int i = 0; i < steps; ++i) {
            step(progress);
            seen.insert(codes().front());
        }
        return seen;
    }
    double frequency() const { return stabilizer->shares().front().meanFrequency; }

    std::optional<Stabilizer> stabilizer;

private:
    static std::vector<float> startOf(std::vector<float> targets) {
        for (float& target : targets) target *= 0.9f;
        return targets;
    }

    at::Tensor m_targets;
    test::QuantizedWeight m_layer;
    std::optional<Optimizer> m_optimizer;
};

OscillationConfig dampening(double weight) {
    OscillationConfig config;
    config.dampen = {.weight = weight, .startWeight = weight};
    return config;
}

OscillationConfig freezing(double threshold) {
    OscillationConfig config;
    config.freeze = {.threshold = threshold, .startThreshold = threshold, .begin = 0};
    return config;
}

TEST(Toy, AWeightBetweenTwoCodesSwings) {
    Toy toy({2.35f}, {});
    toy.visited(200);
    EXPECT_EQ(toy.visited(200), (std::set<float>{2, 3}));
    // Two of three steps reverse: up by 0.0035 twice, down by 0.0065 once.
    EXPECT_GT(toy.frequency(), 0.5);
    EXPECT_NEAR(toy.stabilizer->oscillating(), 1, 0);
    EXPECT_LT(toy.stabilizer->shares().front().boundaryDistance, 0.01);
}

TEST(Toy, DampeningStopsIt) {
    Toy toy({2.35f}, dampening(1));
    toy.visited(600);
    EXPECT_EQ(toy.visited(400).size(), 1u);
    EXPECT_LT(toy.frequency(), 0.005);
    EXPECT_GT(toy.stabilizer->shares().front().boundaryDistance, 0.1);
}

TEST(Toy, WeakDampeningDoesNot) {
    Toy toy({2.35f}, dampening(0.05));
    toy.visited(600);
    EXPECT_EQ(toy.visited(400).size(), 2u);
}

TEST(Toy, FreezingStopsIt) {
    Toy toy({2.35f}, freezing(0.1));
    for (int i = 0; i < 300 && toy.stabilizer->frozen() < 1; ++i) toy.step(1);
    EXPECT_EQ(toy.stabilizer->frozen(), 1);
    EXPECT_EQ(toy.stabilizer->oscillating(), 0) << "what is held does not count as oscillating";
    const at::Tensor held = toy.weightTensor().detach().clone();
    EXPECT_EQ(toy.visited(300).size(), 1u);
    EXPECT_TRUE(at::equal(held, toy.weightTensor()));
    EXPECT_LT(toy.frequency(), 0.01);
}

// The code it is most of the time: that of the level nearer to the target.
TEST(Toy, FreezesOnTheMeanCode) {
    OscillationConfig config = freezing(0.55);
    Toy toy({2.3f, 2.7f, -1.2f}, config);
    for (int i = 0; i < 2000 && toy.stabilizer->frozen() < 0.6; ++i) toy.step(1);
    toy.step(1);
    const auto codes = toy.codes();
    EXPECT_EQ(codes[0], 2);
    EXPECT_EQ(codes[1], 3);
}

TEST(Toy, ThresholdsAndWeightsFollowTheirAnneal) {
    OscillationConfig config = freezing(0.1);
    config.freeze.begin = 0.5;
    Toy late({2.35f}, config);
    late.visited(300, 0.49);
    EXPECT_EQ(late.stabilizer->frozen(), 0) << "nothing freezes before the begin";
    late.visited(300, 0.51);
    EXPECT_EQ(late.stabilizer->frozen(), 1);
    config.freeze.startThreshold = 0.99;
    Toy high({2.35f}, config);
    high.visited(300, 0.51);
    EXPECT_EQ(high.stabilizer->frozen(), 0) << "no frequency is above the first threshold";
    high.visited(300, 1);
    EXPECT_EQ(high.stabilizer->frozen(), 1);
    OscillationConfig pull = dampening(1);
    pull.dampen.startWeight = 0;
    Toy dampened({2.35f}, pull);
    EXPECT_EQ(dampened.step(0.2), 0);
    const double half = dampened.step((0.25 + 1) / 2), residual = dampened.weightTensor().item<double>() - 2;
    EXPECT_NEAR(half, 0.5 * residual * residual, 0.05);
    EXPECT_GT(half, 0);
}

// sum (w - w^)^2 within the grid, and 2 (w - w^) of it an image.
TEST(Dampening, LossAndGradientAreThoseOfTheFormula) {
    Toy toy({1.0f, -3.0f, 6.0f, 30.0f}, dampening(0.3), false, 0.5f);
    toy.weightTensor().detach().copy_(at::tensor({0.6f, -1.1f, 3.4f, 9.0f}).reshape({4, 1, 1, 1}));
    toy.backward();
    const at::Tensor before = toy.weightTensor().grad().clone();
    const at::Tensor residual = at::tensor({0.1f, -0.1f, -0.1f, 0.0f});  // 9 lies beyond 7 x 0.5
    EXPECT_NEAR(toy.stabilizer->beforeStep(1, 8), 0.3 * residual.square().sum().item<double>(), 1e-6);
    const at::Tensor expected = before.reshape({-1}) + 0.3 * 8 * 2 * residual;
    EXPECT_LT((toy.weightTensor().grad().reshape({-1}) - expected).abs().max().item<float>(), 1e-5);
}

// d (s k) / d s = k: what a frozen weight does not get, its learned scale does.
TEST(Freezing, ScalesGetTheGradientOfFrozenWeights) {
    Toy toy({2.35f, 1.0f}, freezing(0.1), true);
    for (int i = 0; i < 300; ++i) {
        toy.backward();
        toy.scaleTensor().mutable_grad() = at::zeros({1});
        toy.weightTensor().detach().sub_(0.01 * toy.weightTensor().grad());
        toy.weightTensor().mutable_grad() = at::Tensor();
        toy.stabilizer->afterStep(1);
    }
    ASSERT_EQ(toy.stabilizer->frozen(), 0.5);
    toy.scaleTensor().mutable_grad() = at::Tensor();
    toy.backward();
    const double weightGradient = toy.weightTensor().grad().reshape({-1})[0].item<double>();
    const double scaleGradient = toy.scaleTensor().grad().item<double>(), code = toy.codes()[0];
    toy.stabilizer->beforeStep(1, 1);
    EXPECT_EQ(toy.weightTensor().grad().reshape({-1})[0].item<float>(), 0);
    EXPECT_NE(toy.weightTensor().grad().reshape({-1})[1].item<float>(), 99);
    const double factor = scaleGradientFactor(toy.op(), {2, 1, 1, 1});
    EXPECT_NEAR(toy.scaleTensor().grad().item<double>(), scaleGradient + weightGradient * code * factor, 1e-6);
}

TEST(Freezing, WeightsFollowTheirScale) {
    Toy toy({2.35f}, freezing(0.1));
    toy.visited(300);
    const float code = toy.codes().front();
    toy.scaleTensor().fill_(1.7f);
    toy.step(1);
    EXPECT_NEAR(toy.weightTensor().item<float>(), 1.7f * code, 1e-6);
    EXPECT_EQ(toy.codes().front(), code);
}

TEST(Freezing, RestoredStateGoesOnAlike) {
    const OscillationConfig config = freezing(0.3);
    Toy first({2.35f, 1.4f}, config), second({2.35f, 1.4f}, config);
    for (int i = 0; i < 120; ++i) first.step(1);
    second.weightTensor().detach().copy_(first.weightTensor().detach());
    second.stabilizer->restore(first.stabilizer->state());
    for (int i = 0; i < 120; ++i) first.step(1), second.step(1);
    EXPECT_TRUE(at::equal(first.weightTensor(), second.weightTensor()));
    EXPECT_EQ(first.stabilizer->frozen(), second.stabilizer->frozen());
    EXPECT_GT(first.stabilizer->frozen(), 0);
    EXPECT_THROW(second.stabilizer->restore({}), Error);
}

TEST(Stabilizer, WithoutTrackingNothingIsReported) {
    OscillationConfig config;
    config.track = false;
    Toy toy({2.35f}, config);
    toy.visited(10);
    EXPECT_TRUE(toy.stabilizer->shares().empty());
    EXPECT_TRUE(toy.stabilizer->state().empty());
}

}  // namespace
}  // namespace qat
