// Fifty steps on recorded gradients beside the optimizers of libtorch itself, which know nothing of our formulas.
#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/schedulers/step_lr.h>
#include <torch/optim/sgd.h>

#include <cmath>

#include "base/random.h"
#include "train/ema.h"
#include "train/optimizer.h"

namespace qat {
namespace {

constexpr int kSteps = 50;
constexpr double kTolerance = 1e-6;  // relative to the largest weight

at::Tensor drawn(uint64_t seed, at::IntArrayRef shape, double spread) {
    Random random(seed);
    at::Tensor tensor = at::empty(shape);
    for (int64_t i = 0; i < tensor.numel(); ++i)
        tensor.data_ptr<float>()[i] = static_cast<float>(spread * random.normal());
    return tensor;
}

// A weight, which decays, and a bias, which does not.
struct Layer {
    Graph graph;
    TensorPtr weight = std::make_shared<at::Tensor>(drawn(1, {4, 3, 3, 3}, 0.2).requires_grad_(true));
    TensorPtr bias = std::make_shared<at::Tensor>(drawn(2, {4}, 0.2).requires_grad_(true));

    Layer() {
        const ValueId x = graph.addInput("x", {1, 3, 8, 8});
        const ValueId w = graph.addParameter("w", weight, {4, 3, 3, 3}), b = graph.addParameter("b", bias, {4});
        graph.setOutput("out", graph.add("conv", Conv2d{}, {x, w, b}));
    }
};

double largestDifference(const at::Tensor& ours, const at::Tensor& theirs) {
    return ((ours - theirs).abs().max() / theirs.abs().max()).item<double>();
}

TrainConfig configOf(OptimizerKind kind, double decay) {
    TrainConfig config;
    config.optimizer = kind;
    config.weightDecay = decay;
    config.batchSize = config.nominalBatch = 16;
    config.maxGradNorm = 0;
    config.epochs = kSteps;
    return config;
}

// Feeds both the same gradients; `settings` and `prepare` set the rates of a step, ours and theirs.
void expectSameCourse(const TrainConfig& config, torch::optim::Optimizer& theirs, const at::Tensor& weight,
                      const at::Tensor& bias, const std::function<StepSettings(int)>& settings,
                      const std::function<void(int)>& prepare) {
    Layer layer;
    Optimizer ours(trainedParameters(layer.graph, config), config);
    for (int step = 0; step < kSteps; ++step) {
        const double size = step % 7 == 0 ? 3.0 : 0.3;  // now and then a large one
        for (const auto& [mine, other, seed] : {std::tuple{*layer.weight, weight, 100}, {*layer.bias, bias, 200}}) {
            const at::Tensor gradient = drawn(static_cast<uint64_t>(seed + step), mine.sizes(), size);
            at::Tensor(mine).mutable_grad() = gradient.clone();
            at::Tensor(other).mutable_grad() = gradient.clone();
        }
        prepare(step);
        ours.step(settings(step));
        theirs.step();
        ASSERT_LT(largestDifference(layer.weight->detach(), weight.detach()), kTolerance) << "step " << step;
        ASSERT_LT(largestDifference(layer.bias->detach(), bias.detach()), kTolerance) << "step " << step;
    }
    EXPECT_GT((layer.weight->detach() - drawn(1, {4, 3, 3, 3}, 0.2)).abs().max().item<double>(), 0.01) << "they moved";
}

struct Both {
    at::Tensor weight = drawn(1, {4, 3, 3, 3}, 0.2).requires_grad_(true),
               bias = drawn(2, {4}, 0.2).requires_grad_(true);

    template <class Options>
    std::vector<torch::optim::OptimizerParamGroup> groups(const Options& options, double decay) const {
        auto decaying = std::make_unique<Options>(options), still = std::make_unique<Options>(options);
        decaying->weight_decay(decay);
        still->weight_decay(0);
        std::vector<torch::optim::OptimizerParamGroup> both;
        both.emplace_back(std::vector<at::Tensor>{weight}, std::move(decaying));
        both.emplace_back(std::vector<at::Tensor>{bias}, std::move(still));
        return both;
    }
};

StepSettings constant(double lr, double momentum) {
    return {.lrBias = lr, .lrWeight = lr, .lrNorm = lr, .lrQuant = lr, .momentum = momentum, .accumulate = 1};
}

TEST(OptimizerOracle, SgdWithNesterovMomentum) {
    for (const double momentum : {0.9, 0.937})
        for (const double decay : {0.0, 0.05}) {
            const Both pair;
            const auto options = torch::optim::SGDOptions(0.01).momentum(momentum).nesterov(true);
            torch::optim::SGD theirs(pair.groups(options, decay), options);
            expectSameCourse(
                configOf(OptimizerKind::Sgd, decay), theirs, pair.weight, pair.bias,
                [&](int) { return constant(0.01, momentum); }, [](int) {});
        }
}

TEST(OptimizerOracle, SgdWithoutMomentum) {
    const Both pair;
    const torch::optim::SGDOptions options(0.01);
    torch::optim::SGD theirs(pair.groups(options, 0.05), options);
    expectSameCourse(
        configOf(OptimizerKind::Sgd, 0.05), theirs, pair.weight, pair.bias, [](int) { return constant(0.01, 0); },
        [](int) {});
}

TEST(OptimizerOracle, Adam) {
    for (const double decay : {0.0, 0.05}) {
        const Both pair;
        const auto options = torch::optim::AdamOptions(0.003).betas({0.9, 0.999}).eps(1e-8).amsgrad(false);
        torch::optim::Adam theirs(pair.groups(options, decay), options);
        expectSameCourse(
            configOf(OptimizerKind::Adam, decay), theirs, pair.weight, pair.bias,
            [](int) { return constant(0.003, 0.9); }, [](int) {});
    }
}

TEST(OptimizerOracle, AdamW) {
    for (const double decay : {0.0, 0.05}) {
        const Both pair;
        const auto options = torch::optim::AdamWOptions(0.003).betas({0.937, 0.999}).eps(1e-8).amsgrad(false);
        torch::optim::AdamW theirs(pair.groups(options, decay), options);
        expectSameCourse(
            configOf(OptimizerKind::AdamW, decay), theirs, pair.weight, pair.bias,
            [](int) { return constant(0.003, 0.937); }, [](int) {});
    }
}

// Rates that change at every step, as a scheduler sets them from outside.
TEST(OptimizerOracle, FollowsASchedule) {
    for (const ScheduleKind kind : {ScheduleKind::Cosine, ScheduleKind::Linear, ScheduleKind::Step}) {
        const Both pair;
        TrainConfig config = configOf(OptimizerKind::Sgd, 0.05);
        config.lr = 0.02, config.lrf = 0.1, config.warmupEpochs = 0, config.momentum = 0.9;
        config.lrScheduler = kind;
        const auto options = torch::optim::SGDOptions(0.02).momentum(0.9).nesterov(true);
        torch::optim::SGD theirs(pair.groups(options, 0.05), options);
        // One batch an epoch: LambdaLR as Ultralytics uses it, its lambdas written out.
        const auto factor = [&](int epoch) {
            const double x = static_cast<double>(epoch) / kSteps;
            if (kind == ScheduleKind::Linear) return std::max(1 - x, 0.0) * (1.0 - 0.1) + 0.1;
            if (kind == ScheduleKind::Cosine) return std::max((1 - std::cos(x * M_PI)) / 2, 0.0) * (0.1 - 1) + 1;
            return std::pow(0.1, x >= 0.85 ? 2 : x >= 0.6 ? 1 : 0);
        };
        expectSameCourse(
            config, theirs, pair.weight, pair.bias, [&](int step) { return settingsAt(config, step, 1); },
            [&](int step) {
                for (auto& group : theirs.param_groups()) group.options().set_lr(0.02 * factor(step));
            });
    }
}

// libtorch's StepLR falls at even intervals; ours at 60 and 85 percent, which agrees up to 0.85 if the step is 0.6.
TEST(OptimizerOracle, StepScheduleFallsAsStepLrDoes) {
    const Both pair;
    TrainConfig config = configOf(OptimizerKind::Sgd, 0);
    config.lr = 0.02, config.warmupEpochs = 0, config.epochs = 100;
    config.lrScheduler = ScheduleKind::Step;
    torch::optim::SGD theirs({pair.weight}, torch::optim::SGDOptions(0.02));
    torch::optim::StepLR scheduler(theirs, 60, 0.1);
    for (int epoch = 0; epoch < 85; ++epoch) {
        scheduler.step();  // counts from 0, so that its call number 60 is the one that falls
        EXPECT_NEAR(settingsAt(config, epoch, 1).lrWeight, theirs.param_groups()[0].options().get_lr(), 1e-15) << epoch;
        pair.weight.mutable_grad() = at::zeros_like(pair.weight);
        theirs.step();
    }
}

// The average as tensor operations in double: e = d e + (1 - d) v with Ultralytics' ramp of d.
TEST(OptimizerOracle, Average) {
    Layer layer;
    const EmaConfig config{.decay = 0.999, .tau = 20};
    Ema ema(layer.graph, config);
    at::Tensor expected = layer.weight->detach().to(at::kDouble);
    for (int step = 1; step <= kSteps; ++step) {
        layer.weight->detach().add_(drawn(static_cast<uint64_t>(step), {4, 3, 3, 3}, 0.05));
        ema.update(layer.graph);
        const double decay = 0.999 * (1 - std::exp(-step / 20.0));
        expected.mul_(decay).add_(layer.weight->detach().to(at::kDouble), 1 - decay);
        const at::Tensor ours = ema.graph().value(*ema.graph().findValue("w")).data->to(at::kDouble);
        ASSERT_LT(largestDifference(ours, expected), kTolerance) << step;
    }
}

}  // namespace
}  // namespace qat
