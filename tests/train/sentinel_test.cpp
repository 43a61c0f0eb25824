// Injected failures: what the sentinel sees, what it blames, and where training goes from there.
#include "train/sentinel.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "import/checkpoint.h"
#include "loss/yolov8_loss.h"
#include "task/detect_metrics.h"
#include "train/sentinel_run.h"

namespace qat::test {
namespace {

TEST_F(SentinelRun, CollapseIsOnlyReportedByDefault) {
    run.config.gate = GateConfig{};
    run.fitness = curve({0.4, 0.1, 0.05});
    const TrainOutcome outcome = run.train();
    EXPECT_EQ(outcome.epochs.size(), 3u);
    ASSERT_EQ(outcome.incidents.size(), 1u) << "one crossing, one report";
    const Incident& incident = outcome.incidents.front();
    EXPECT_EQ(incident.trouble, Trouble::Collapse);
    EXPECT_EQ(incident.epoch, 2);
    EXPECT_EQ(incident.reaction, GateReaction::Continue);
    EXPECT_EQ(incident.what, "mAP50-95 of epoch 2, 0.1, is below 0.5 of the best, 0.4 in epoch 1");
    EXPECT_FALSE(outcome.halted);
}

// What counts is where training started: no epoch is near it, the first one already is not.
TEST_F(SentinelRun, CollapseIsJudgedByTheStartToo) {
    run.config.gate = GateConfig{};
    run.config.gate.patience = 5;
    run.startScore = 0.8;
    run.fitness = curve({0.0});
    const TrainOutcome outcome = run.train();
    ASSERT_EQ(outcome.incidents.size(), 1u) << "the last epoch does not wait for patience";
    EXPECT_EQ(outcome.incidents.front().what,
              "mAP50-95 of epoch 3, 0, is below 0.5 of what training started from, 0.8");
    TinyRun stopped(config(), scratch.path() / "stopped");
    stopped.config.gate.reaction = GateReaction::Stop;
    stopped.startScore = 0.8;
    stopped.fitness = curve({0.3});
    const TrainOutcome halted = stopped.train();
    EXPECT_TRUE(halted.halted);
    EXPECT_EQ(halted.epochs.size(), 1u) << "the first epoch is below the floor";
    EXPECT_EQ(halted.bestEpoch, 0) << "the model is that of the start";
}

TEST_F(SentinelRun, NoStartNoCollapse) {
    for (const std::optional<double> start :
         {std::optional<double>(), std::optional<double>(0.0), std::optional<double>(0.005)}) {
        TinyRun fresh(config(), scratch.path() / std::to_string(start.value_or(-1)));
        fresh.config.gate = GateConfig{};
        fresh.startScore = start;
        fresh.fitness = curve({0.0});
        std::vector<std::string> warnings;
        fresh.sink.onLog = [&](LogLevel level, std::string_view text) {
            if (level == LogLevel::Warning) warnings.emplace_back(text);
        };
        EXPECT_TRUE(fresh.train().incidents.empty());
        ASSERT_EQ(warnings.size(), 1u);
        EXPECT_TRUE(warnings.front().starts_with("mAP50-95 stayed 0 in all 3 epochs; likely cause: "))
            << warnings.front();
    }
}

TEST_F(SentinelRun, HalfOfTheBestIsNoCollapse) {
    run.fitness = curve({0.4, 0.2, 0.2});
    EXPECT_TRUE(run.train().incidents.empty());
}

TEST_F(SentinelRun, RatioMovesTheFloor) {
    run.config.gate.collapseRatio = 0.2;
    run.fitness = curve({0.4, 0.1, 0.1});
    EXPECT_TRUE(run.train().incidents.empty());
    TinyRun none(config(), scratch.path() / "none");
    none.config.gate.collapseRatio = 0;
    none.fitness = curve({0.4, 0, 0});
    EXPECT_TRUE(none.train().incidents.empty());
}

TEST_F(SentinelRun, PatienceWaitsForEpochsInARow) {
    run.config.train.epochs = 5;
    run.config.gate.patience = 2;
    run.config.gate.reaction = GateReaction::Stop;
    run.fitness = curve({0.4, 0.1, 0.3, 0.1, 0.1});
    const TrainOutcome outcome = run.train();
    ASSERT_EQ(outcome.incidents.size(), 1u) << outcome.incidents.back().sentence();
    EXPECT_EQ(outcome.incidents.front().epoch, 5);
}

TEST_F(SentinelRun, StopKeepsTheBestModelAndTheRecord) {
    run.config.gate.reaction = GateReaction::Stop;
    run.fitness = curve({0.4, 0.1, 0.4});
    const TrainOutcome outcome = run.train();
    EXPECT_TRUE(outcome.halted);
    EXPECT_EQ(outcome.epochs.size(), 2u);
    EXPECT_EQ(outcome.bestEpoch, 1);
    const Checkpoint best = readCheckpoint(run.folder / "weights/best.safetensors");
    ASSERT_GT(best.tensors.size(), 50u);
    for (const auto& [name, bytes] : storedBytes(*run.graph)) {
        if (name.ends_with(".two")) continue;  // a constant
        ASSERT_TRUE(best.find(name)) << name;
        const at::Tensor plain = best.find(name)->tensor->contiguous();
        EXPECT_EQ(bytes, std::string(static_cast<const char*>(plain.data_ptr()), plain.nbytes())) << name;
    }
    TinyRun again(run.config, run.folder);
    EXPECT_TRUE(again.train(true).halted) << "and stays stopped";
    EXPECT_EQ(storedBytes(*again.graph), storedBytes(*run.graph));
}

TEST_F(SentinelRun, RetryGoesBackWithALowerRate) {
    run.config.gate.retryLrFactor = 0.25;
    std::vector<std::pair<double, double>> rates;
    run.sink.onScalar = [&](std::string_view series, double x, double value) {
        if (series == "lr/pg1") rates.emplace_back(x, value);
    };
    run.fitness = curve({0.4, 0.1, 0.4, 0.4});
    const TrainOutcome outcome = run.train();
    EXPECT_EQ(outcome.epochs.size(), 3u);
    EXPECT_FALSE(outcome.halted);
    ASSERT_EQ(outcome.incidents.size(), 1u) << outcome.incidents.back().sentence();
    EXPECT_EQ(outcome.incidents.front().reaction, GateReaction::Retry);
    ASSERT_EQ(rates.size(), 16u) << "four steps again";
    EXPECT_EQ(rates[8].first, rates[4].first);
    EXPECT_DOUBLE_EQ(rates[8].second, 0.25 * rates[4].second);
}

TEST_F(SentinelRun, RetriesEnd) {
    run.config.gate.retries = 2;
    run.fitness = curve({0.4, 0.1});
    const TrainOutcome outcome = run.train();
    EXPECT_TRUE(outcome.halted);
    ASSERT_EQ(outcome.incidents.size(), 3u);
    EXPECT_EQ(outcome.incidents.back().reaction, GateReaction::Stop);
}

TEST_F(SentinelRun, RetryIsResumedBitByBit) {
    const auto maps = std::vector<double>{0.4, 0.1, 0.4, 0.4};
    run.fitness = curve(maps);
    run.train();
    TinyRun stopped(config(), scratch.path() / "parts");
    stopped.fitness = curve(maps);
    int steps = 0;
    stopped.sink.onProgress = [&](std::string_view, int64_t) {
        if (++steps == 10) stopped.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_TRUE(stopped.train().stopped);
    TinyRun resumed(config(), scratch.path() / "parts");
    resumed.fitness = curve({0.4});
    EXPECT_EQ(resumed.train(true).incidents.size(), 1u);
    EXPECT_EQ(storedBytes(*resumed.graph), storedBytes(*run.graph));
}

// Weights that are no numbers, before there is a best epoch: back to the start.
TEST_F(SentinelRun, LossThatIsNotFinite) {
    run.config.train.quantize = false;
    int batches = 0;
    run.sink.onProgress = [&](std::string_view, int64_t) {
        const at::NoGradGuard noGrad;
        if (++batches == 2) value(run, "model.0.conv.weight").fill_(std::nan(""));
    };
    const TrainOutcome outcome = run.train();
    ASSERT_EQ(outcome.incidents.size(), 1u) << outcome.incidents.back().sentence();
    EXPECT_EQ(outcome.incidents.front().trouble, Trouble::NotFinite);
    EXPECT_EQ(outcome.incidents.front().what, "the loss is not finite in epoch 1, batch 3");
    EXPECT_EQ(outcome.epochs.size(), 3u);
    for (const EpochResult& epoch : outcome.epochs) EXPECT_TRUE(std::isfinite(sumOf(epoch.losses)));
}

TEST_F(SentinelRun, ActivationsThatAreNotFinite) {
    spoil([&] { value(run, "model.0.bn.bias").fill_(std::numeric_limits<float>::infinity()); });
    const TrainOutcome outcome = run.train();
    ASSERT_EQ(outcome.incidents.size(), 1u) << outcome.incidents.back().sentence();
    EXPECT_EQ(outcome.incidents.front().trouble, Trouble::NotFinite);
    EXPECT_EQ(outcome.incidents.front().reaction, GateReaction::Retry);
    EXPECT_EQ(outcome.epochs.size(), 3u);
}

TEST_F(SentinelRun, ExplodingScale) {
    spoil([&] { value(run, "model.1.conv.weight.scale").mul_(1e4); });
    const TrainOutcome outcome = run.train();
    ASSERT_EQ(outcome.incidents.size(), 1u) << outcome.incidents.back().sentence();
    EXPECT_EQ(outcome.incidents.front().trouble, Trouble::ExplodingScale);
    EXPECT_EQ(outcome.incidents.front().subject, "model.1.conv");
    EXPECT_EQ(outcome.incidents.front().sentence(),
              "the scale of model.1.conv exploded, its values all round to zero in epoch 2; likely cause: its gradient "
              "is too large "
              "for train_params.quant_lr_factor; training goes back to its best epoch with a lower rate");
}

TEST_F(SentinelRun, DeadScale) {
    run.config.gate.reaction = GateReaction::Stop;
    spoil([&] { value(run, "model.2.conv.weight.scale").mul_(1e-7); });
    const TrainOutcome outcome = run.train();
    ASSERT_EQ(outcome.incidents.size(), 1u) << outcome.incidents.back().sentence();
    EXPECT_EQ(outcome.incidents.front().trouble, Trouble::DeadScale);
    EXPECT_EQ(outcome.incidents.front().subject, "model.2.conv");
    EXPECT_TRUE(outcome.halted);
}

// Scales touch their floor in training, and the next look finds them well.
TEST_F(SentinelRun, ScaleThatComesBackFromItsFloorIsNotDead) {
    at::Tensor before;
    run.fitness = [&](int i) {
        const at::NoGradGuard noGrad;
        at::Tensor& scale = value(run, "model.2.conv.weight.scale");
        if (i == 1) before = scale.clone(), scale.mul_(1e-7);
        if (i == 2) scale.copy_(before);
        return 0.1;
    };
    EXPECT_TRUE(run.train().incidents.empty());
}

TEST_F(SentinelRun, ScalesThatAreWrongFromHereOnAreReportedOnce) {
    run.config.gate.reaction = GateReaction::Continue;
    spoil([&] { value(run, "model.1.conv.weight.scale").mul_(1e4); });
    EXPECT_EQ(run.train().incidents.size(), 1u);
}

TEST_F(SentinelRun, CollapseBlamesDriftedBatchNorms) {
    run.fitness = [&](int i) {
        if (i == 2) value(run, "model.3.bn.running_mean").add_(1000);
        return i == 2 ? 0.01 : 0.4;
    };
    const TrainOutcome outcome = run.train();
    ASSERT_EQ(outcome.incidents.size(), 1u) << outcome.incidents.back().sentence();
    EXPECT_TRUE(outcome.incidents.front().cause.starts_with("running statistics of batch norms drifted by "))
        << outcome.incidents.front().cause;
}

// Weights that change their code back and forth at every step.
TEST_F(SentinelRun, CollapseBlamesOscillation) {
    Graph graph = tinyDetector();
    const Config settings = config();
    QuantizerSet quantizers = insertCalibrated(graph, settings);
    Stabilizer stabilizer(graph, quantizers, settings.oscillation);
    for (int step = 0; step < 50; ++step) {
        for (const Quantizer& q : quantizers.all())
            if (q.weight) graph.value(q.observed.front()).data->neg_();
        stabilizer.afterStep(0);
    }
    Yolov8Loss loss({}, {});
    const TrainJob job{.graph = graph,
                       .loss = loss,
                       .quantizers = &quantizers,
                       .config = settings,
                       .data = nullptr,
                       .checkpointFolder = scratch.path(),
                       .weightsFolder = scratch.path(),
                       .validate = {},
                       .epochDone = {}};
    HookSink sink;
    Sentinel sentinel(job, &stabilizer, sink);
    TrainPosition at;
    at.outcome.epochs = {{.epoch = 1, .metrics = detectMetrics(0, 0, 0, 0.4)},
                         {.epoch = 2, .metrics = detectMetrics(0, 0, 0, 0.1)}};
    try {
        sentinel.seeEpoch(at, /*last=*/false);
        FAIL();
    } catch (const Instability& unstable) {
        EXPECT_NE(unstable.incident.cause.find("of the low-bit weights swing between two codes"), std::string::npos)
            << unstable.incident.cause;
    }
}

// With the best model, whatever gate.reaction says; and it stays so when it is resumed.
TEST_F(SentinelRun, WhatIsNotFiniteEndsEveryTraining) {
    run.config.gate.reaction = GateReaction::Continue;
    spoil([&] { value(run, "model.0.bn.bias").fill_(std::numeric_limits<float>::infinity()); });
    const TrainOutcome outcome = run.train();
    EXPECT_TRUE(outcome.halted);
    EXPECT_EQ(outcome.bestEpoch, 1);
    ASSERT_EQ(outcome.incidents.size(), 1u);
    EXPECT_EQ(outcome.incidents.front().reaction, GateReaction::Stop);
    for (const auto& [name, bytes] : storedBytes(*run.graph)) EXPECT_FALSE(bytes.empty());
    EXPECT_TRUE(value(run, "model.0.bn.bias").isfinite().all().item<bool>());
    TinyRun again(run.config, run.folder);
    EXPECT_TRUE(again.train(true).halted);
    EXPECT_EQ(storedBytes(*again.graph), storedBytes(*run.graph));
}

}  // namespace
}  // namespace qat::test
