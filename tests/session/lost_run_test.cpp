// Runs that end badly, by what they say: nothing left of what the network could do, a collapse, a loss that is no
// number.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "export/weights_file.h"
#include "session/model_source.h"
#include "session/small_job.h"
#include "session/summary.h"
#include "task/detect_metrics.h"

namespace qat::test {
namespace {

// Accuracies before and after, and of every epoch.
SummaryFacts factsOf(double fp32, double ptq, const std::vector<double>& epochs, double final) {
    SummaryFacts facts;
    facts.outcome.fp32 = detectMetrics(0, 0, fp32, fp32);
    facts.outcome.ptq = detectMetrics(0, 0, ptq, ptq);
    facts.outcome.final = detectMetrics(0, 0, final, final);
    facts.training.startScore = ptq;
    for (const double map : epochs) {
        EpochResult epoch;
        epoch.epoch = static_cast<int64_t>(facts.training.epochs.size()) + 1;
        epoch.metrics = detectMetrics(0, 0, map, map);
        facts.training.epochs.push_back(epoch);
    }
    return facts;
}

TEST(LostRun, WhatStaysAtZeroFailsTheGateOnlyIfThereWasSomethingToLose) {
    const GateConfig gate;
    EXPECT_EQ(stabilityGate(factsOf(0.4, 0.0006, {0, 0}, 0), gate),
              "training did not bring back what quantization took: mAP50-95 was 0.4 in FP32, 0.0006 after calibration, "
              "and 0 in all epochs (2)");
    EXPECT_EQ(stabilityGate(factsOf(0.001, 0, {0, 0}, 0), gate), "") << "random weights";
    EXPECT_EQ(stabilityGate(factsOf(0.4, 0, {0, 0.1}, 0.1), gate), "") << "it learned";
    EXPECT_EQ(stabilityGate(factsOf(0.4, 0, {0, 0}, 0.2), gate), "") << "the correction brought it back";
    EXPECT_EQ(stabilityGate(factsOf(0.4, 0, {}, 0), gate), "") << "nothing was trained";
    GateConfig off;
    off.collapseRatio = 0;
    EXPECT_EQ(stabilityGate(factsOf(0.4, 0, {0, 0}, 0), off), "");
}

class LostRunJob : public testing::Test {
protected:
    const ScratchFolder scratch;
    SmallJob job{scratch.path()};

    LostRunJob() {
        for (const auto& [key, value] : {std::pair{"model.pretrained_path", "builtin:shapes"},
                                         {"data.path", "shapes:train=8,val=8,size=96"},
                                         {"data.imgsz", "96"},
                                         {"analysis.enabled", "false"},
                                         {"analysis.generate_visualization", "false"},
                                         {"export.formats", "[]"}})
            job.set(key, value);
    }
    nlohmann::json summary() const { return readJson(job.folder() / "run_summary.json"); }
};

TEST_F(LostRunJob, OneBitTooFewIsAFailedGate) {
    job.set("quantization.weight.bit_width", "2").set("quantization.activation.bit_width", "2");
    job.set("quantization.weight.scheme", "per_tensor");
    const JobOutcome outcome = job.set("train_params.lr", "1e-9").run();
    ASSERT_GE(outcome.fp32->score(), 0.01);
    ASSERT_LT(outcome.ptq->score(), 0.01);
    EXPECT_EQ(outcome.status, JobStatus::GateFailed);
    ASSERT_EQ(outcome.gates.size(), 1u);
    EXPECT_TRUE(outcome.gates[0].starts_with("training did not bring back what quantization took: mAP50-95 was "))
        << outcome.gates[0];
    EXPECT_EQ(summary()["gates"], nlohmann::json(outcome.gates));
    EXPECT_EQ(summary()["stability"]["outcome"], "never_learned");
    EXPECT_EQ(summary()["status"], "completed-success") << "the run is finished";
}

TEST_F(LostRunJob, ACollapseIsAFailedGateWithItsCause) {
    job.set("quantization.weight.bit_width", "8").set("train_params.epochs", "2").set("gate.reaction", "continue");
    const JobOutcome outcome = job.set("train_params.lr", "1").set("ema.enabled", "false").run();
    ASSERT_GE(outcome.ptq->score(), 0.01);
    EXPECT_EQ(outcome.status, JobStatus::GateFailed);
    ASSERT_EQ(outcome.gates.size(), 1u);
    EXPECT_NE(outcome.gates[0].find("; likely cause: "), std::string::npos) << outcome.gates[0];
    EXPECT_TRUE(outcome.gates[0].starts_with("training ")) << outcome.gates[0];
    const std::string how = summary()["stability"]["outcome"];
    EXPECT_TRUE(how == "collapsed" || how == "stopped") << how;
}

TEST_F(LostRunJob, ALossThatIsNoNumberIsAFailedGate) {
    Graph graph = openModel(kBundledModel).graph;
    graph.value(*graph.findValue("model.0.conv.weight")).data->fill_(1e38);  // numbers, but no sum of them is
    saveWeights(scratch.path() / "huge.safetensors", graph);
    job.set("model.pretrained_path", (scratch.path() / "huge.safetensors").string());
    const JobOutcome outcome = job.set("train_params.quantize", "false").set("gate.reaction", "continue").run();
    EXPECT_EQ(outcome.status, JobStatus::GateFailed);
    const auto incidents = summary()["stability"]["incidents"];
    ASSERT_FALSE(incidents.empty());
    EXPECT_EQ(incidents.back()["trouble"], "not_finite") << incidents;
    EXPECT_EQ(summary()["stability"]["outcome"], "stopped");
    ASSERT_EQ(outcome.gates.size(), 1u);
    EXPECT_TRUE(outcome.gates[0].starts_with("training stopped early: ")) << outcome.gates[0];
}

}  // namespace
}  // namespace qat::test
