// The gate for models larger than s: what opens it, and what it does to a single run.
#include "session/stage_gate.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "report/reported_run.h"
#include "session/precision.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

using nlohmann::json;

ReportedRun recordOf(const std::string& variant, const std::string& method, const std::string& outcome) {
    ReportedRun record;
    record.summary = {{"status", "completed-success"},
                      {"model", {{"variant", "yolov8" + variant}}},
                      {"method", {{"variant", method}}},
                      {"stability", {{"outcome", outcome}}}};
    return record;
}

TEST(StageGate, NeedsStableRunsOfBothSmallModels) {
    std::vector<ReportedRun> runs;
    EXPECT_EQ(stageGate(runs, "n", 2), "");
    EXPECT_EQ(stageGate(runs, "s", 2), "");
    EXPECT_EQ(stageGate(runs, "m", 0), "");
    EXPECT_EQ(stageGate(runs, "m", 2),
              "model.variant is m, which needs 2 stable runs of ema+qc on n and on s and no other: there are 0 of 2 on "
              "n and 0 of 2 on s");
    for (const char* outcome : {"stable", "recovered"}) runs.push_back(recordOf("n", "ema+qc", outcome));
    runs.push_back(recordOf("s", "ema+qc", "stable"));
    runs.push_back(recordOf("s", "ema", "stable"));
    EXPECT_EQ(
        stageGate(runs, "m", 2),
        "model.variant is m, which needs 2 stable runs of ema+qc on n and on s and no other: there are 1 of 2 on s");
    runs.push_back(recordOf("s", "ema+qc", "stable"));
    EXPECT_EQ(stageGate(runs, "m", 2), "");
    EXPECT_EQ(stageGate(runs, "x", 2), "");
    for (const char* bad : {"collapsed", "stopped", "never_learned"}) {
        auto worse = runs;
        worse.push_back(recordOf("n", "ema+qc", bad));
        EXPECT_FALSE(stageGate(worse, "m", 2).empty()) << bad;
    }
}

TEST(StageGate, DetectorsWithATaskNeedSmallOnesOfTheirs) {
    std::vector<ReportedRun> runs;
    EXPECT_EQ(stageGate(runs, "n-seg", 2), "");
    for (const char* small : {"n", "n", "s", "s", "n-seg", "n-seg"})
        runs.push_back(recordOf(small, "ema+qc", "stable"));
    EXPECT_EQ(stageGate(runs, "m", 2), "");
    EXPECT_EQ(
        stageGate(runs, "m-seg", 2),
        "model.variant is m-seg, which needs 2 stable runs of ema+qc on n-seg and on s-seg and no other: there are "
        "0 of 2 on s-seg");
    for (int i = 0; i < 2; ++i) runs.push_back(recordOf("s-seg", "ema+qc", "stable"));
    EXPECT_EQ(stageGate(runs, "m-seg", 2), "");
}

// The start weights are those of an n, so a run of an m that was started fails while it loads.
class GatedRun : public testing::Test {
protected:
    const ScratchFolder scratch;
    SmallJob job{scratch.path()};
    const std::filesystem::path evidence = scratch.path() / "small";

    GatedRun() {
        job.set("model.variant", "m");
        makeWritableFolder(evidence);
    }
    // A finished run as its summary tells of it.
    void addRun(const std::string& name, const std::string& variant, const std::string& mode = "w4-8a8") const {
        ReportedRun record = recordOf(variant, "ema+qc", "stable");
        record.summary["quantization"]["mode"] = mode;
        makeWritableFolder(evidence / name);
        writeFileAtomic(evidence / name / "run_summary.json", record.summary.dump());
    }
    void addProof(const std::string& mode) const {
        for (const char* variant : {"n", "s"})
            for (const char* seed : {"0", "1"}) addRun(std::string(variant) + seed, variant, mode);
    }
    std::string mode() { return precisionName(resolvedConfig(job.request)); }
    json summary() const { return readJson(job.folder() / "run_summary.json"); }
    bool warned(const std::string& part) const {
        return std::ranges::any_of(job.sink.logs,
                                   [&](const std::string& text) { return text.find(part) != std::string::npos; });
    }
};

TEST_F(GatedRun, OfATableOnlyScalesThatAreCalledLargeAreAskedAbout) {
    addProof(mode());
    Config config = resolvedConfig(job.set("gate.evidence", evidence.string()).request);
    EXPECT_EQ(evidenceOf(config).size(), 4u);
    config.model.architecture = "nets/yolov8.yaml";
    EXPECT_TRUE(isGated(config)) << "an m";
    EXPECT_TRUE(evidenceOf(config).empty()) << "runs of the family of that name are none of the table";
    config.model.variant = "wide";
    EXPECT_FALSE(isGated(config));
}

TEST_F(GatedRun, FamiliesWithoutAnNAndAnSHaveNoSmallOnesToAskFor) {
    Config config = resolvedConfig(job.request);
    const auto gated = [&](const char* architecture, const char* variant) {
        config.model.architecture = architecture, config.model.variant = variant;
        return isGated(config);
    };
    for (const auto& [architecture, variant] :
         {std::pair{"resnet", "20"}, {"cnv", ""}, {"vgg", "16_bn"}, {"yolov9", "t"}, {"yolov9", "m"}, {"yolov3", "u"}})
        EXPECT_FALSE(gated(architecture, variant)) << architecture << variant;
    for (const auto& [architecture, variant] : {std::pair{"yolov10", "m"}, {"yolov8", "l-seg"}, {"yolov5", "x"}})
        EXPECT_TRUE(gated(architecture, variant)) << architecture << variant;
}

TEST_F(GatedRun, IsNotStartedWithoutProof) {
    addRun("n0", "n");
    const JobOutcome outcome = job.set("gate.evidence", evidence.string()).run();
    EXPECT_EQ(outcome.status, JobStatus::NotStarted);
    ASSERT_EQ(outcome.gates.size(), 1u);
    EXPECT_TRUE(outcome.gates[0].starts_with("model.variant is m, which needs 2 stable runs of ema+qc"))
        << outcome.gates[0];
    EXPECT_TRUE(job.sink.begun.empty());
    EXPECT_FALSE(std::filesystem::exists(job.folder()));
}

TEST_F(GatedRun, IsStartedNeverthelessAndSaysSo) {
    job.request.overrideGate = true;
    EXPECT_FALSE(job.set("gate.evidence", evidence.string()).failure(ErrorKind::BadInput).empty());
    EXPECT_EQ(summary()["stage_gate"], "overridden");
    EXPECT_TRUE(summary()["overridden_gate"].get<std::string>().starts_with("model.variant is m"));
    EXPECT_TRUE(warned("gate overridden: model.variant is m"));
}

TEST_F(GatedRun, IsStartedWithProof) {
    addProof(mode());
    EXPECT_FALSE(job.set("gate.evidence", evidence.string()).failure(ErrorKind::BadInput).empty());
    EXPECT_EQ(summary()["stage_gate"], "open");
    EXPECT_TRUE(summary()["overridden_gate"].is_null());
}

TEST_F(GatedRun, OtherQuantizationsProveNothing) {
    addProof("w8a8");
    EXPECT_EQ(job.set("gate.evidence", evidence.string()).run().status, JobStatus::NotStarted);
}

TEST_F(GatedRun, WithoutEvidenceNobodyIsAsked) {
    EXPECT_FALSE(job.failure(ErrorKind::BadInput).empty());
    EXPECT_EQ(summary()["stage_gate"], "not_asked");
    EXPECT_TRUE(warned("gate.evidence names no folder"));
}

TEST_F(GatedRun, SmallModelsAndCalibrationAloneNeedNoGate) {
    job.set("gate.evidence", evidence.string()).set("train_params.epochs", "0");
    EXPECT_FALSE(job.failure(ErrorKind::BadInput).empty());
    EXPECT_EQ(summary()["stage_gate"], "not_needed");
}

TEST_F(GatedRun, EvidenceMustBeAFolder) {
    const std::string missing = (scratch.path() / "nowhere").string();
    EXPECT_EQ(job.set("gate.evidence", missing).failure(ErrorKind::BadInput),
              "gate.evidence is " + missing + ", which is no folder");
}

}  // namespace
}  // namespace qat::test
