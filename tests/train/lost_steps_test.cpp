// Steps that are left out because their gradient is no number: how many are forgiven, what is blamed, where training
// goes.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "train/sentinel.h"
#include "train/sentinel_run.h"

namespace qat::test {
namespace {

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

}  // namespace
}  // namespace qat::test
