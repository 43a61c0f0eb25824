// Resuming with another configuration: what may differ, what a longer training is, and what is refused with which
// words.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "config/config_io.h"
#include "session/parted_job.h"

namespace qat::test {
namespace {

struct LongerJob : SmallJob {
    LongerJob(const std::filesystem::path& scratch, bool resume, const std::string& epochs) : SmallJob(scratch) {
        request.resume = resume;
        set("analysis.enabled", "false")
            .set("analysis.generate_visualization", "false")
            .set("export.formats", "[]")
            .set("train_params.epochs", epochs);
    }
};

class MoreEpochs : public testing::Test {
protected:
    const ScratchFolder scratch;

    static bool logged(const SmallJob& job, const std::string& part) {
        return std::ranges::any_of(job.sink.logs,
                                   [&](const std::string& text) { return text.find(part) != std::string::npos; });
    }
};

TEST_F(MoreEpochs, GoOnWhereTheRunEnded) {
    LongerJob(scratch.path(), false, "1").set("qc.enabled", "true").run();
    LongerJob longer(scratch.path(), true, "3");
    std::vector<double> epochs;
    longer.sink.onScalar = [&](std::string_view series, double x) {
        if (series == "metrics/mAP50-95(B)") epochs.push_back(x);
    };
    EXPECT_EQ(longer.set("qc.enabled", "true").run().status, JobStatus::Completed);
    EXPECT_EQ(epochs, (std::vector<double>{2, 3})) << "the first one is done";
    EXPECT_TRUE(logged(longer, "train_params.epochs was 1 and is 3"));
    EXPECT_EQ(loadConfig(longer.folder() / "config.yaml").train.epochs, 3);
    const auto summary = readJson(longer.folder() / "run_summary.json");
    EXPECT_EQ(summary["metrics"]["history"].size(), 3u);
    EXPECT_EQ(summary["training"]["epochs"], 3);
    EXPECT_EQ(std::ranges::count(longer.sink.begun, "calibrate"), 0);
    EXPECT_EQ(std::ranges::count(longer.sink.begun, "qc"), 1) << "of the model after three epochs";
    LongerJob same(scratch.path(), true, "3");
    EXPECT_EQ(same.set("qc.enabled", "true").run().status, JobStatus::Completed);
    const std::string refusal =
        LongerJob(scratch.path(), true, "2").set("qc.enabled", "true").failure(ErrorKind::BadInput);
    EXPECT_NE(refusal.find("with 2 epochs: 3 have begun or are done"), std::string::npos) << refusal;
}

// Stopped while it goes on: the same bits as without the stop.
TEST_F(MoreEpochs, ResumeBitByBit) {
    std::vector<std::string> weights;
    for (const bool stops : {false, true}) {
        const std::string folder = stops ? "parts" : "whole";
        LongerJob first(scratch.path(), false, "1");
        first.request.out = scratch.path() / folder;
        first.run();
        if (stops) {
            LongerJob part(scratch.path(), true, "3");
            part.request.out = first.folder();
            part.sink.onScalar = [&](std::string_view series, double x) {
                if (series == "train/box_loss" && x == 5) part.cancel.request(StopLevel::FinishBatch);
            };
            EXPECT_EQ(part.run().status, JobStatus::Cancelled);
        }
        LongerJob last(scratch.path(), true, "3");
        last.request.out = first.folder();
        last.run();
        weights.push_back(readFile(first.folder() / "weights/final.safetensors"));
    }
    EXPECT_TRUE(weights[0] == weights[1]);
}

TEST_F(MoreEpochs, AreNotToBeHadAfterFineTuning) {
    const auto tune = [](SmallJob& made) -> SmallJob& {
        return made.set("qat_params.post_qat_fine_tuning", "true").set("qat_params.fine_tuning_epochs", "1");
    };
    LongerJob first(scratch.path(), false, "1"), more(scratch.path(), true, "2");
    tune(first).run();
    tune(more);
    const std::string refusal = more.failure(ErrorKind::BadInput);
    EXPECT_NE(refusal.find("its fine-tuning has begun; a new run can start from its weights"), std::string::npos)
        << refusal;
    EXPECT_EQ(loadConfig(more.folder() / "config.yaml").train.epochs, 1) << "nothing was changed";
}

TEST_F(MoreEpochs, FewerAreRefusedAlsoAfterFineTuning) {
    const auto tuned = [&](bool resume, const char* epochs) {
        auto made = std::make_unique<LongerJob>(scratch.path(), resume, epochs);
        made->set("qat_params.post_qat_fine_tuning", "true").set("qat_params.fine_tuning_epochs", "1");
        return made;
    };
    tuned(false, "2")->run();
    const std::string refusal = tuned(true, "1")->failure(ErrorKind::BadInput);
    EXPECT_NE(refusal.find("with 1 epochs: 2 have begun or are done"), std::string::npos) << refusal;
}

// A trained network only gets worse at such a rate.
TEST_F(MoreEpochs, MorePatienceGoesOnWhereItRanOut) {
    const auto epochsWith = [&](bool resume, const char* patience) {
        LongerJob made(scratch.path(), resume, "4");
        made.set("model.pretrained_path", "builtin:shapes").set("data.path", "shapes:train=8,val=8,size=96");
        made.set("data.imgsz", "96").set("quantization.weight.bit_width", "8").set("ema.enabled", "false");
        made.set("train_params.patience", patience).set("train_params.lr", "0.02").set("gate.collapse_ratio", "0");
        EXPECT_EQ(made.run().status, JobStatus::Completed);
        return readJson(made.folder() / "run_summary.json")["metrics"]["history"].size();
    };
    const size_t before = epochsWith(false, "1");
    EXPECT_LT(before, 4u);
    EXPECT_EQ(epochsWith(true, "100"), 4u);
}

// Resumed with the configuration that was resolved from it, as the window does.
TEST_F(MoreEpochs, TheUsersOwnTextStays) {
    LongerJob first(scratch.path(), false, "1");
    first.run();
    const std::string own = readFile(first.folder() / "user_config.yaml");
    EXPECT_NE(own.find("# a small job"), std::string::npos) << "with its comments";
    SmallJob more(scratch.path());
    more.request.config = first.folder() / "config.yaml";
    more.request.resume = true;
    EXPECT_EQ(more.set("train_params.epochs", "2").run().status, JobStatus::Completed);
    EXPECT_EQ(readFile(more.folder() / "user_config.yaml"), own);
    EXPECT_EQ(loadConfig(more.folder() / "config.yaml").train.epochs, 2);
}

TEST_F(MoreEpochs, OtherKeysAreNamedWithBothValues) {
    LongerJob(scratch.path(), false, "1").run();
    LongerJob other(scratch.path(), true, "1");
    const std::string refusal = other.set("train_params.lr", "0.5")
                                    .set("data.imgsz", "96")
                                    .set("run.workers", "2")
                                    .failure(ErrorKind::BadInput);
    EXPECT_NE(refusal.find("with another configuration: "), std::string::npos) << refusal;
    EXPECT_NE(refusal.find("train_params.lr was 0.001 and is 0.5"), std::string::npos) << refusal;
    EXPECT_NE(refusal.find("data.imgsz was 64 and is 96"), std::string::npos) << refusal;
    EXPECT_EQ(refusal.find("run.workers"), std::string::npos) << "may differ";
}

// What acts after everything else may change when everything is done.
TEST_F(MoreEpochs, AnExportCanBeAskedForLater) {
    LongerJob(scratch.path(), false, "1").run();
    SmallJob exported(scratch.path());
    exported.request.resume = true;
    exported.set("analysis.enabled", "false").set("analysis.generate_visualization", "false").run();
    EXPECT_TRUE(std::filesystem::exists(exported.folder() / "exports/model.onnx"));
    EXPECT_EQ(std::ranges::count(exported.sink.begun, "calibrate"), 0);
}

}  // namespace
}  // namespace qat::test
