// A job stopped before training goes on with the rest, to the same bits: after each stage, and within a sweep.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "session/parted_job.h"

namespace qat::test {
namespace {

int begun(const SmallJob& job, const std::string& stage) {
    return static_cast<int>(std::ranges::count(job.sink.begun, stage));
}

std::string artefacts(const SmallJob& job) {
    std::string text;
    for (const char* name :
         {"weights/final.safetensors", "exports/model.onnx", "layer-sensitivity-report.json", "layers.json"})
        text += readFile(job.folder() / name);
    return text + readJson(job.folder() / "run_summary.json")["metrics"].dump();
}

TEST(StageResume, GoesOnAfterEveryStage) {
    const ScratchFolder scratch;
    const auto setUp = [](SmallJob& job) {
        job.set("train_params.epochs", "0")
            .set("repair.adaround", "true")
            .set("repair.adaround_iterations", "2")
            .set("repair.samples", "2");
        job.set("repair.bias_correction", "true")
            .set("qat_params.fuse_modules", "false")
            .set("analysis.generate_visualization", "false");
    };
    const auto whole = runInParts(scratch.path(), "whole", setUp, {});
    const auto parts = runInParts(scratch.path(), "parts", setUp,
                                  {{"repair"}, {"evaluate_fp32"}, {"evaluate_ptq"}, {"analyze"}, {"export"}});
    EXPECT_TRUE(artefacts(*whole) == artefacts(*parts));
    for (const char* stage : {"calibrate", "repair", "evaluate_fp32", "evaluate_ptq", "analyze"})
        EXPECT_EQ(begun(*parts, stage), 0) << stage;
    EXPECT_TRUE(std::ranges::any_of(parts->sink.logs, [](const std::string& text) {
        return text.starts_with("resumed: analyze, calibrate, evaluate_fp32");
    }));
    std::vector<std::string> stages;
    for (const auto& event : readEvents(parts->folder()))
        if (event["type"] == "stage" && event["state"] == "end") stages.push_back(event["stage"]);
    for (const char* stage : {"calibrate", "repair", "evaluate_ptq"})
        EXPECT_EQ(std::ranges::count(stages, stage), 1) << stage << " in all sittings";
}

// Ranges of channels have shapes that only calibration knows.
TEST(StageResume, FindsTheShapesOfScales) {
    const ScratchFolder scratch;
    const auto setUp = [](SmallJob& job) {
        job.set("train_params.epochs", "1").set("qat_params.use_lsq", "false");
        job.insertLayerConfig("^model\\.1\\.conv$", "config: {activation: {scheme: per_channel}}");
        job.set("analysis.generate_visualization", "false").set("sensitivity.bits", "[]");
    };
    const auto whole = runInParts(scratch.path(), "whole", setUp, {});
    const auto parts = runInParts(scratch.path(), "parts", setUp, {{"analyze"}, {"train"}});
    for (const char* name : {"weights/final.safetensors", "exports/model.onnx", "results.csv"})
        EXPECT_TRUE(readFile(whole->folder() / name) == readFile(parts->folder() / name)) << name;
    EXPECT_EQ(begun(*parts, "calibrate"), 0);
}

// Whatever is damaged costs work, never the result.
TEST(StageResume, DamagedNetworksAreCalibratedAnew) {
    const ScratchFolder scratch;
    const auto setUp = [](SmallJob& job) {
        job.set("train_params.epochs", "0")
            .set("analysis.generate_visualization", "false")
            .set("sensitivity.bits", "[]");
    };
    const auto whole = runInParts(scratch.path(), "whole", setUp, {});
    SmallJob stopped(scratch.path());
    setUp(stopped);
    stopped.request.out = scratch.path() / "parts";
    stopped.sink.onStage = [&](std::string_view stage) {
        if (stage == "evaluate_ptq") stopped.cancel.request(StopLevel::FinishBatch);
    };
    stopped.run();
    writeFileAtomic(stopped.folder() / "checkpoint/calibrated.safetensors", "nonsense");
    SmallJob resumed(scratch.path());
    setUp(resumed);
    resumed.request.out = stopped.folder();
    resumed.request.resume = true;
    EXPECT_EQ(resumed.run().status, JobStatus::Completed);
    EXPECT_EQ(begun(resumed, "calibrate"), 1);
    EXPECT_TRUE(std::ranges::any_of(resumed.sink.logs, [](const std::string& text) {
        return text.find("so that calibration is done anew") != std::string::npos;
    }));
    EXPECT_EQ(readFile(resumed.folder() / "weights/final.safetensors"),
              readFile(whole->folder() / "weights/final.safetensors"));
}

}  // namespace
}  // namespace qat::test
