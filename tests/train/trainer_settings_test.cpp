// Every key of train_params does what it says to a training as a whole.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>

#include "support/assets.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

// What one training said, by series and step.
using Series = std::map<std::string, std::map<double, double>, std::less<>>;

class Settings : public testing::Test {
protected:
    const ScratchFolder scratch;
    Config config = tinyConfig();
    std::optional<Graph> graph;
    int runs = 0;

    Settings() {
        config.train.warmupEpochs = 0;
        config.ema.enabled = false;
    }
    Series train(const Config& with) {
        TinyRun run{with, scratch.path() / std::to_string(runs++)};
        Series series;
        run.sink.onScalar = [&](std::string_view name, double x, double value) {
            series[std::string(name)][x] = value;
        };
        run.train();
        graph = std::move(run.graph);
        return series;
    }
    Series train() { return train(config); }
    at::Tensor weight(const std::string& name = "model.1.conv.weight") const {
        return graph->value(*graph->findValue(name)).data->detach();
    }
    static at::Tensor start(const std::string& name = "model.1.conv.weight") {
        const Graph fresh = tinyDetector();
        return fresh.value(*fresh.findValue(name)).data->detach().clone();
    }
    // How far the weights are from where they started, after one step.
    double firstMove(const Config& with) {
        Config once = with;
        once.train.epochs = 1;
        once.data.path = "shapes:train=4,val=4,size=64";
        train(once);
        return (weight() - start()).norm().item<double>();
    }
};

TEST_F(Settings, EpochsAndBatchSize) {
    EXPECT_EQ(train()["train/box_loss"].size(), 12u);
    config.train.epochs = 2;
    config.train.batchSize = config.train.nominalBatch = 8;
    const Series series = train();
    EXPECT_EQ(series.at("train/box_loss").size(), 4u);
    EXPECT_EQ(series.at("metrics/mAP50(B)").size(), 2u);
}

TEST_F(Settings, LearningRate) {
    config.train.weightDecay = 0;
    const double once = firstMove(config);
    config.train.lr *= 2;
    EXPECT_GT(once, 0);
    EXPECT_NEAR(firstMove(config) / once, 2, 1e-3) << "one step of SGD is proportional to it";
}

TEST_F(Settings, Schedules) {
    config.train.epochs = 4;
    const double lr = config.train.lr;
    const auto rates = [&](ScheduleKind kind) {
        config.train.lrScheduler = kind;
        const auto seen = train()["lr/pg1"];
        return std::vector<double>{seen.at(1), seen.at(5), seen.at(9), seen.at(13)};
    };
    const auto expect = [&](ScheduleKind kind, const std::vector<double>& factors) {
        const auto seen = rates(kind);
        for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(seen[i], lr * factors[i], 1e-12) << i;
    };
    expect(ScheduleKind::Linear, {1, 0.7525, 0.505, 0.2575});
    expect(ScheduleKind::Cosine, {1, 0.8550178566873411, 0.505, 0.15498214331265895});
    expect(ScheduleKind::Step, {1, 1, 1, 0.1});
}

TEST_F(Settings, WarmupEpochs) {
    config.train.epochs = 4;
    config.train.warmupEpochs = 1;
    const auto rates = train()["lr/pg1"];
    EXPECT_EQ(rates.at(1), 0);
    for (double step = 2; step <= 8; ++step) EXPECT_GT(rates.at(step), rates.at(step - 1)) << step;
    EXPECT_LT(rates.at(16), rates.at(9)) << "half of a short run, then the schedule";
    config.train.warmupEpochs = 0;
    EXPECT_NEAR(train()["lr/pg1"].at(1), config.train.lr, 1e-15);
}

// The first step of Adam moves every weight by the rate, whatever its gradient; that of SGD follows the gradient.
TEST_F(Settings, Optimizers) {
    config.train.weightDecay = 0;
    config.train.lr = 1e-3;
    for (const OptimizerKind kind : {OptimizerKind::Adam, OptimizerKind::AdamW}) {
        config.train.optimizer = kind;
        firstMove(config);
        const at::Tensor moves = (weight() - start()).abs();
        EXPECT_NEAR(moves.median().item<float>(), 1e-3, 1e-5);
    }
    config.train.optimizer = OptimizerKind::Sgd;
    firstMove(config);
    const at::Tensor moves = (weight() - start()).abs();
    EXPECT_GT(moves.max().item<float>(), 5 * moves.median().item<float>());
}

TEST_F(Settings, WeightDecay) {
    config.train.weightDecay = 0;
    train();
    const double free = weight().norm().item<double>();
    config.train.weightDecay = 0.2;
    train();
    EXPECT_LT(weight().norm().item<double>(), 0.99 * free);
    // AdamW shrinks by lr x decay after Adam's step; Adam itself feeds it into the step.
    config.train.lr = 1e-3;
    config.train.optimizer = OptimizerKind::AdamW;
    firstMove(config);
    const at::Tensor decayed = weight().clone();
    config.train.weightDecay = 0;
    firstMove(config);
    EXPECT_LT((decayed - (weight() - 0.2e-3 * start())).abs().max().item<float>(), 1e-6);
}

TEST_F(Settings, Momentum) {
    config.train.momentum = 0;
    config.train.epochs = 2;
    train();
    const double none = (weight() - start()).norm().item<double>();
    config.train.momentum = 0.937;
    train();
    EXPECT_GT((weight() - start()).norm().item<double>(), 1.5 * none);
}

TEST_F(Settings, GradientNorm) {
    config.train.weightDecay = 0;
    config.train.maxGradNorm = 0.01;
    const double once = firstMove(config);
    config.train.maxGradNorm = 0.02;
    EXPECT_NEAR(firstMove(config) / once, 2, 1e-2) << "the step is as long as the gradient may be";
    config.train.maxGradNorm = 0;
    const double free = firstMove(config);
    config.train.maxGradNorm = 1e6;
    EXPECT_EQ(firstMove(config), free);
    EXPECT_GT(free, 10 * once);
}

TEST_F(Settings, Patience) {
    config.train.epochs = 6;
    config.train.patience = 1;
    TinyRun run{config, scratch.path() / "patience"};
    run.fitness = [](int validation) { return 1.0 / validation; };
    EXPECT_EQ(run.train().epochs.size(), 2u);
}

// The first step sees the same network, so its losses compare.
TEST_F(Settings, LossWeights) {
    const auto first = [&](const LossWeights& weights) {
        config.train.lossWeights = weights;
        const Series series = train();
        return std::array{series.at("train/box_loss").at(1), series.at("train/cls_loss").at(1),
                          series.at("train/dfl_loss").at(1)};
    };
    const auto plain = first({});
    const auto weighted = first({.box = 0.1, .cls = 1.5, .obj = 0.5, .dfl = {}});
    EXPECT_NEAR(weighted[0] / plain[0], 2, 1e-6);
    EXPECT_NEAR(weighted[1] / plain[1], 3, 1e-6);
    EXPECT_NEAR(weighted[2] / plain[2], 0.5, 1e-6);
    const auto own = first({.box = 0, .cls = 0, .obj = 7, .dfl = 3});
    EXPECT_EQ(own[0], 0);
    EXPECT_EQ(own[1], 0);
    EXPECT_NEAR(own[2] / plain[2], 2, 1e-6);
    EXPECT_GT((weight("model.5.cv2.0.2.weight") - start("model.5.cv2.0.2.weight")).norm().item<double>(), 0);
}

}  // namespace
}  // namespace qat::test
