// Injected failures: what the sentinel sees, what it blames, and where training goes from there.
#include "train/sentinel.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/files.h"
#include "import/checkpoint.h"
#include "loss/yolov8_loss.h"
#include "support/assets.h"
#include "task/detect_metrics.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

class SentinelRun : public testing::Test {
protected:
    const ScratchFolder scratch;
    TinyRun run{config(), scratch.path() / "run"};

    static Config config(Quantize quantize = Quantize::Lsq) {
        Config config = tinyConfig(quantize);
        config.train.warmupEpochs = 0;
        config.train.quantLrFactor = 0;  // scales stay where a test puts them
        config.gate.reaction = GateReaction::Retry;
        return config;
    }
    static at::Tensor& value(TinyRun& of, const char* name) {
        return *of.graph->value(*of.graph->findValue(name)).data;
    }

    // mAP of each validation; the last one repeats.
    static std::function<double(int)> curve(std::vector<double> maps) {
        return [maps](int i) { return maps.at(std::min(static_cast<size_t>(i), maps.size()) - 1); };
    }
    // Spoils the model once, after the first epoch.
    void spoil(const std::function<void()>& how) {
        run.fitness = [this, how](int i) {
            if (i == 1) return 0.1;
            if (i == 2 && !m_spoilt) {
                m_spoilt = true;
                const at::NoGradGuard noGrad;
                how();
            }
            return 0.05;
        };
    }
    bool m_spoilt = false;
};

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
    const Yolov8Loss loss({}, {});
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

// Gradients that are no numbers, after so many batches, until there were `count` of them.
void spoilGradients(TinyRun& run, int from, int count) {
    run.sink.onScalar = [&run, from, count, batch = 0, spoilt = 0](std::string_view series, double, double) mutable {
        if (series != "train/dfl_loss" || ++batch <= from || spoilt == count) return;
        ++spoilt;
        run.graph->value(*run.graph->findValue("model.1.conv.weight")).data->mutable_grad().fill_(std::nan(""));
    };
}

TEST_F(SentinelRun, TwoLostStepsAreForgiven) {
    spoilGradients(run, 5, 2);
    EXPECT_TRUE(run.train().incidents.empty());
}

TEST_F(SentinelRun, ThreeLostStepsInARowGoBackToTheBestEpoch) {
    spoilGradients(run, 5, 3);
    const TrainOutcome outcome = run.train();
    ASSERT_EQ(outcome.incidents.size(), 1u) << outcome.incidents.back().sentence();
    const Incident& incident = outcome.incidents.front();
    EXPECT_EQ(incident.trouble, Trouble::LostSteps);
    EXPECT_EQ(incident.reaction, GateReaction::Retry);
    EXPECT_EQ(incident.what, "the gradient was not finite in 3 steps in a row, in epoch 2, batch 4");
    EXPECT_EQ(outcome.epochs.size(), 3u);
    EXPECT_FALSE(outcome.halted);
}

TEST_F(SentinelRun, LostStepsStopTraining) {
    run.config.gate.reaction = GateReaction::Stop;
    spoilGradients(run, 5, 100);
    const TrainOutcome outcome = run.train();
    EXPECT_TRUE(outcome.halted);
    EXPECT_EQ(outcome.bestEpoch, 1);
    EXPECT_EQ(outcome.epochs.size(), 1u);
}

// Every kind of cause: what is wrong with the model after the lost steps.
TEST_F(SentinelRun, LostStepsNameTheirLikelyCause) {
    const auto causeOf = [&](const char* folder, const std::function<void(TinyRun&)>& damage) {
        TinyRun damaged(config(), scratch.path() / folder);
        damaged.config.gate.reaction = GateReaction::Stop;
        damaged.sink.onProgress = [&, batches = 0](std::string_view, int64_t) mutable {
            const at::NoGradGuard noGrad;
            if (++batches == 5) damage(damaged);
        };
        spoilGradients(damaged, 5, 3);
        return damaged.train().incidents.at(0).cause;
    };
    EXPECT_EQ(causeOf("dead", [](TinyRun& of) { value(of, "model.2.conv.weight.scale").mul_(1e-7); }),
              "the scale of model.2.conv is dead, its values are all clipped");
    EXPECT_EQ(causeOf("exploded", [](TinyRun& of) { value(of, "model.2.conv.weight.scale").mul_(1e4); }),
              "the scale of model.2.conv exploded, its values all round to zero");
    const std::string drifted =
        causeOf("drifted", [](TinyRun& of) { value(of, "model.3.bn.running_mean").add_(1000); });
    EXPECT_TRUE(drifted.starts_with("running statistics of batch norms drifted by ")) << drifted;
    EXPECT_EQ(causeOf("nothing", [](TinyRun&) {}),
              "scales, batch norms and oscillation are inconspicuous, so the learning rate may be too high");
}

TEST_F(SentinelRun, LostStepsAreOnlyReportedByDefaultUntilNothingIsTrained) {
    run.config.gate.reaction = GateReaction::Continue;
    spoilGradients(run, 2, 6);
    EXPECT_EQ(run.train().incidents.size(), 1u) << "one row of lost steps, one report";
    TinyRun hopeless(run.config, scratch.path() / "hopeless");
    hopeless.config.train.epochs = 30;
    spoilGradients(hopeless, 2, 1000);
    const TrainOutcome outcome = hopeless.train();
    EXPECT_TRUE(outcome.halted);
    EXPECT_NE(outcome.incidents.back().what.find("not finite in 100 steps in a row"), std::string::npos)
        << outcome.incidents.back().what;
}

// A stop between lost steps changes nothing: they are counted on.
TEST_F(SentinelRun, LostStepsAreCountedAcrossAStop) {
    spoilGradients(run, 5, 3);
    run.train();
    TinyRun stopped(config(), scratch.path() / "parts");
    spoilGradients(stopped, 5, 3);
    int steps = 0;
    stopped.sink.onProgress = [&](std::string_view, int64_t) {
        if (++steps == 7) stopped.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_TRUE(stopped.train().stopped);
    TinyRun resumed(config(), scratch.path() / "parts");
    spoilGradients(resumed, 0, 1);
    EXPECT_EQ(resumed.train(true).incidents.size(), 1u);
    EXPECT_EQ(storedBytes(*resumed.graph), storedBytes(*run.graph));
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
