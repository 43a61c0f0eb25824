// Stopping in every stage, and going on.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "config/config_io.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

class CancelIn : public testing::TestWithParam<const char*> {};

TEST_P(CancelIn, LeavesAReadableIncompleteRun) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    job.sink.onStage = [&](std::string_view stage) {
        if (stage == GetParam()) job.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_EQ(job.run().status, JobStatus::Cancelled);
    EXPECT_EQ(job.sink.begun.back(), GetParam());
    const auto events = readEvents(job.folder());
    EXPECT_EQ(events.back()["type"], "end");
    EXPECT_EQ(events.back()["status"], "incomplete");
    EXPECT_TRUE(events.back()["error"].is_null());
    EXPECT_EQ(readJson(job.folder() / "run_summary.json")["status"], "incomplete");
    EXPECT_NO_THROW(loadConfig(job.folder() / "config.yaml"));
}

std::string stageName(const testing::TestParamInfo<const char*>& stage) {
    return stage.param;
}

INSTANTIATE_TEST_SUITE_P(Stages, CancelIn,
                         testing::Values("load", "calibrate", "evaluate_fp32", "evaluate_ptq", "analyze", "train",
                                         "evaluate", "export"),
                         stageName);

// Stopped in training, resumed to the end: the same final weights as without a stop.
TEST(Resume, EndsInTheSameWeights) {
    const ScratchFolder scratch;
    SmallJob whole(scratch.path());
    whole.request.out = scratch.path() / "whole";
    whole.run();
    SmallJob stopped(scratch.path());
    stopped.sink.onStage = [&](std::string_view stage) {
        if (stage == "train") stopped.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_EQ(stopped.run().status, JobStatus::Cancelled);
    EXPECT_FALSE(std::filesystem::exists(stopped.folder() / "weights/final.safetensors"));
    SmallJob resumed(scratch.path());
    resumed.request.resume = true;
    const JobOutcome outcome = resumed.run();
    EXPECT_EQ(outcome.status, JobStatus::Completed);
    EXPECT_TRUE(outcome.fp32 && outcome.ptq && outcome.final);
    EXPECT_EQ(readFile(resumed.folder() / "weights/final.safetensors"),
              readFile(whole.folder() / "weights/final.safetensors"));
    EXPECT_EQ(readFile(resumed.folder() / "results.csv"), readFile(whole.folder() / "results.csv"));
    int sittings = 0;
    for (const auto& event : readEvents(resumed.folder()))
        sittings += event["type"] == "run" && event["resumed"] == (sittings > 0);
    EXPECT_EQ(sittings, 2);
    EXPECT_EQ(readJson(resumed.folder() / "run_summary.json")["metrics"]["ptq"],
              readJson(whole.folder() / "run_summary.json")["metrics"]["ptq"]);
}

// Paths typed relative to where the program was started hold for the resumed run too.
TEST(Resume, RelativePathsOfOverridesHold) {
    const ScratchFolder scratch;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(scratch.path());
    SmallJob job(scratch.path());
    job.request.config = "config.yaml";
    job.request.out = "run";
    job.set("model.pretrained_path", "start.safetensors")
        .set("train_params.epochs", "0")
        .set("analysis.enabled", "false");
    job.run();
    job.request.resume = true;
    EXPECT_EQ(job.failure(ErrorKind::BadInput), "");
    std::filesystem::current_path(before);
    SmallJob own(scratch.path());
    own.request.config = scratch.path() / "run/config.yaml";
    own.request.resume = true;
    EXPECT_EQ(own.failure(ErrorKind::BadInput), "") << "the folder's own configuration resumes it";
}

TEST(Resume, OfAFinishedRunChangesNoWeights) {
    const ScratchFolder scratch;
    SmallJob first(scratch.path());
    first.run();
    const std::string before = readFile(first.folder() / "weights/final.safetensors");
    SmallJob again(scratch.path());
    again.request.resume = true;
    EXPECT_EQ(again.run().status, JobStatus::Completed);
    EXPECT_EQ(readFile(first.folder() / "weights/final.safetensors"), before);
}

TEST(Resume, WorksWithPerChannelActivations) {
    const ScratchFolder scratch;
    SmallJob stopped(scratch.path());
    stopped.insertLayerConfig("^model\\.1\\.conv$", "config: {activation: {scheme: per_channel}}");
    stopped.set("qat_params.use_lsq", "false");
    stopped.sink.onStage = [&](std::string_view stage) {
        if (stage == "train") stopped.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_EQ(stopped.run().status, JobStatus::Cancelled);
    SmallJob resumed(scratch.path());
    resumed.insertLayerConfig("^model\\.1\\.conv$", "config: {activation: {scheme: per_channel}}");
    resumed.request.overrides = stopped.request.overrides;
    resumed.request.resume = true;
    EXPECT_EQ(resumed.failure(ErrorKind::BadInput), "");
}

}  // namespace
}  // namespace qat::test
