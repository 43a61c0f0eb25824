// Whole jobs with quantization correction: stages, files, summary, resuming, and the exported file in a runtime.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "base/files.h"
#include "data/loader.h"
#include "eval/evaluate.h"
#include "export/runtime_check.h"
#include "session/parted_job.h"
#include "session/run_model.h"

namespace qat::test {
namespace {

using nlohmann::json;

class CorrectedRun : public testing::Test {
protected:
    const ScratchFolder scratch;
    SmallJob job{scratch.path()};

    CorrectedRun() { prepare(job); }
    static SmallJob& prepare(SmallJob& job) {
        return job.set("qc.enabled", "true")
            .set("qc.lr", "0.02")
            .set("sensitivity.bits", "[]")
            .set("analysis.preview_images", "1")
            .set("export.formats", "[]");
    }
    static double accuracyOf(const Graph& graph) {
        LoaderOptions options;
        options.imgsz = 64;
        options.batch = 4;
        options.workers = 0;
        Loader loader(openDataset("shapes:train=8,val=4,size=64", DataSplit::Val), options);
        return evaluate(graph, loader, {NmsOptions::validate(), false}, CancelToken()).metrics.map50;
    }
    json summary() const { return readJson(job.folder() / "run_summary.json"); }
};

TEST_F(CorrectedRun, FollowsTrainingAndIsMeasuredOnBothSides) {
    const JobOutcome outcome = job.run();
    EXPECT_EQ(job.sink.begun, (std::vector<std::string>{"load", "calibrate", "evaluate_fp32", "evaluate_ptq", "analyze",
                                                        "train", "qc", "evaluate", "export"}));
    EXPECT_EQ(readEvents(job.folder()).front()["stages"], job.sink.begun);
    std::map<std::string, int> errors, corrections;
    for (const LayerRow& row : job.sink.layers)
        if (row.table == "error")
            ++errors[row.stage];
        else if (row.table == "correction")
            ++corrections[row.stage];
    EXPECT_EQ(errors, (std::map<std::string, int>{{"ptq", 66}, {"qat", 66}, {"qc", 66}}));
    EXPECT_EQ(corrections, (std::map<std::string, int>{{"qc", 63}}));
    EXPECT_EQ(job.sink.images.back().stage, "qc");
    const json found = summary();
    EXPECT_EQ(found["method"]["variant"], "ema+qc");
    EXPECT_EQ(found["method"]["qc"]["steps"], 2);
    EXPECT_EQ(found["method"]["qc"]["images"], "8 of 8 training images");
    EXPECT_EQ(found["method"]["qc"]["layers"].size(), 63u);
    EXPECT_EQ(found["metrics"]["before_qc"]["mAP50-95"], found["metrics"]["history"].back());
    EXPECT_EQ(found["metrics"]["final"]["mAP50"], outcome.final->of("mAP50"));
}

TEST_F(CorrectedRun, AloneItCorrectsTheCalibratedModel) {
    const JobOutcome outcome = job.set("train_params.epochs", "0").set("analysis.enabled", "false").run();
    EXPECT_EQ(job.sink.begun, (std::vector<std::string>{"load", "calibrate", "evaluate_fp32", "evaluate_ptq", "qc",
                                                        "evaluate", "export"}));
    ASSERT_TRUE(outcome.ptq && outcome.final);
    EXPECT_EQ(summary()["metrics"]["before_qc"]["mAP50"], outcome.ptq->of("mAP50"));
}

TEST_F(CorrectedRun, ImagesLimitsTheSubset) {
    job.set("train_params.epochs", "0").set("analysis.enabled", "false").set("qc.images", "5").run();
    EXPECT_EQ(summary()["method"]["qc"]["images"], "5 of 8 training images");
    EXPECT_EQ(summary()["method"]["qc"]["steps"], 2);
}

TEST_F(CorrectedRun, TakesTheCoresetOfTheCalibration) {
    job.set("train_params.epochs", "0")
        .set("analysis.enabled", "false")
        .set("qc.images", "3")
        .set("calibration.use_coreset", "true")
        .set("calibration.coreset_size", "4")
        .run();
    EXPECT_EQ(summary()["method"]["qc"]["images"], "3 of 8 training images, k-center coreset");
}

// The model of the file is the one that was measured, however the corrections are kept.
TEST_F(CorrectedRun, OpensAsItWasEvaluated) {
    for (const char* fold : {"auto", "per_channel", "never"}) {
        SmallJob kept(scratch.path());
        prepare(kept)
            .set("train_params.epochs", "0")
            .set("analysis.enabled", "false")
            .set("quantization.weight.scheme", "per_tensor")
            .set("qc.fold", fold);
        kept.request.out = scratch.path() / fold;
        const JobOutcome outcome = kept.run();
        const RunModel opened = openRun(kept.folder());
        EXPECT_EQ(accuracyOf(opened.graph), outcome.final->of("mAP50")) << fold;
        EXPECT_EQ(opened.graph.findNode("model.0.conv.qc.offset").has_value(), std::string(fold) != "per_channel")
            << fold;
    }
}

// Stopped within the stage, and after it: the same final weights, and what is known is not worked out again.
TEST_F(CorrectedRun, ResumesBitByBit) {
    for (const std::string epochs : {"0", "1"}) {
        const auto setUp = [&](SmallJob& made) {
            prepare(made).set("train_params.epochs", epochs).set("analysis.enabled", "false").set("qc.epochs", "2");
        };
        const auto whole = runInParts(scratch.path(), "whole" + epochs, setUp, {});
        const auto resumed = runInParts(scratch.path(), "parts" + epochs, setUp, {{"qc/loss", 3}, {"evaluate"}});
        EXPECT_EQ(readFile(resumed->folder() / "weights/final.safetensors"),
                  readFile(whole->folder() / "weights/final.safetensors"))
            << epochs;
        for (const char* stage : {"calibrate", "evaluate_ptq"})
            EXPECT_EQ(std::ranges::count(resumed->sink.begun, stage), 0) << stage << " with " << epochs << " epochs";
        EXPECT_EQ(readJson(resumed->folder() / "run_summary.json")["metrics"],
                  readJson(whole->folder() / "run_summary.json")["metrics"]);
    }
}

// Repair that adds biases comes first, so that the stored model finds where they go.
TEST_F(CorrectedRun, ResumesBehindARepairThatAddsBiases) {
    const auto setUp = [](SmallJob& made) {
        prepare(made)
            .set("train_params.epochs", "0")
            .set("analysis.enabled", "false")
            .set("qat_params.fuse_modules", "false");
        made.set("repair.bias_correction", "true").set("repair.samples", "2");
    };
    const auto whole = runInParts(scratch.path(), "whole", setUp, {});
    const auto resumed = runInParts(scratch.path(), "parts", setUp, {{"qc/loss", 1}});
    EXPECT_EQ(readFile(resumed->folder() / "weights/final.safetensors"),
              readFile(whole->folder() / "weights/final.safetensors"));
}

TEST_F(CorrectedRun, ExportedFilesAgree) {
    setenv("QATELIER_RESOURCES", QATELIER_SOURCE_RESOURCES, 0);
    if (const std::string missing = missingOnnxRuntime(); !missing.empty()) GTEST_SKIP() << "left out: " << missing;
    for (const char* fold : {"auto", "per_channel"}) {
        SmallJob exported(scratch.path());
        prepare(exported)
            .set("train_params.epochs", "0")
            .set("analysis.enabled", "false")
            .set("quantization.weight.scheme", "per_tensor");
        exported.set("qc.fold", fold).set("export.formats", "[onnx]").set("export.validate", "true");
        exported.request.out = scratch.path() / fold;
        EXPECT_EQ(exported.run().status, JobStatus::Completed);
        const json checks = readJson(exported.folder() / "run_summary.json")["artifacts"]["export_checks"];
        EXPECT_NE(checks.dump().find("boxes equal"), std::string::npos) << checks;
    }
}

TEST(StableRun, SummaryTellsHowTrainingWent) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    job.set("analysis.enabled", "false").set("export.formats", "[]").set("gate.collapse_ratio", "0.25").run();
    const json stability = readJson(job.folder() / "run_summary.json")["stability"];
    EXPECT_EQ(stability["collapse_threshold_ratio"], 0.25);
    EXPECT_TRUE(stability["outcome"] == "stable" || stability["outcome"] == "never_learned") << stability;
    EXPECT_TRUE(stability["incidents"].empty());
}

TEST(StableRun, WithoutTrainingNothingIsClaimed) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    job.set("train_params.epochs", "0").set("train_params.quantize", "false").set("export.formats", "[]").run();
    const json summary = readJson(job.folder() / "run_summary.json");
    EXPECT_TRUE(summary["metrics"]["best_value"].is_null() && summary["metrics"]["final_value"].is_null());
    EXPECT_EQ(summary["stability"]["outcome"], "not_trained");
}

}  // namespace
}  // namespace qat::test
