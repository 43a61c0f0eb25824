// Whole jobs beside a teacher and with fine-tuning: what their files say, and which teachers are refused.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "export/weights_file.h"
#include "import/checkpoint.h"
#include "models/yolov8.h"
#include "session/parted_job.h"
#include "session/run_model.h"

namespace qat::test {
namespace {

using nlohmann::json;

class TaughtRun : public testing::Test {
protected:
    const ScratchFolder scratch;
    SmallJob job{scratch.path()};

    TaughtRun() {
        job.set("distillation.enabled", "true")
            .set("analysis.enabled", "false")
            .set("analysis.preview_images", "0")
            .set("export.formats", "[]");
    }
    std::string writeTeacher(const std::string& variant, int64_t classes) const {
        Random random(3);
        const auto file = scratch.path() / ("teacher_" + variant + ".safetensors");
        saveWeights(file, buildYolov8(variant, classes, random));
        return file.string();
    }
    std::vector<std::string> lines(const std::string& file) const {
        std::ifstream stream(job.folder() / file);
        std::vector<std::string> all;
        for (std::string line; std::getline(stream, line);) all.push_back(line);
        return all;
    }
    double last(const std::string& line) const { return std::stod(line.substr(line.rfind(',') + 1)); }
};

TEST_F(TaughtRun, ByTheStartModelWithFineTuning) {
    job.set("qat_params.post_qat_fine_tuning", "true").set("qat_params.fine_tuning_epochs", "2");
    EXPECT_EQ(job.run().status, JobStatus::Completed);
    const auto results = lines("results.csv");
    ASSERT_EQ(results.size(), 4u) << "one epoch of training, two of fine-tuning";
    EXPECT_TRUE(results[0].ends_with(" train/distill_loss"));
    for (size_t i = 1; i < 4; ++i) EXPECT_GT(last(results[i]), 0);
    std::set<double> steps;
    for (const json& event : readEvents(job.folder())) {
        if (event["type"] == "run") {
            EXPECT_EQ(event["epochs"], 3);
        }
        if (event["type"] == "scalar" && event["series"] == "train/distill_loss")
            steps.insert(event["x"].get<double>());
    }
    EXPECT_EQ(steps.size(), 6u);
    const json method = readJson(job.folder() / "run_summary.json")["method"];
    EXPECT_EQ(method["distillation"]["enabled"], true);
    EXPECT_EQ(method["fine_tuning_epochs"], 2);
    EXPECT_EQ(readJson(job.folder() / "run_summary.json")["metrics"]["history"].size(), 3u);
}

TEST_F(TaughtRun, ByAWiderModelLayerByLayer) {
    job.set("distillation.teacher_model", writeTeacher("s", 6)).set("distillation.feature_distillation", "true");
    job.set("distillation.feature_layers", "[model.9, 'model\\.1[58]']");
    EXPECT_EQ(job.run().status, JobStatus::Completed);
    EXPECT_GT(last(lines("results.csv").at(1)), 0);
    for (const NamedTensor& entry : readCheckpoint(job.folder() / "weights/final.safetensors").tensors)
        EXPECT_EQ(entry.name.find("adapter"), std::string::npos) << entry.name;
    EXPECT_EQ(openRun(job.folder()).graph.info.variant, "n");
}

TEST_F(TaughtRun, ByAnEarlierRun) {
    SmallJob earlier(scratch.path());
    earlier.request.out = scratch.path() / "earlier";
    earlier.set("analysis.enabled", "false").set("export.formats", "[]").run();
    job.set("distillation.teacher_model", earlier.folder().string());
    EXPECT_EQ(job.run().status, JobStatus::Completed);
    EXPECT_GT(last(lines("results.csv").at(1)), 0);
}

TEST_F(TaughtRun, RefusesTeachersThatDoNotFitBeforeAnyWork) {
    job.set("distillation.teacher_model", writeTeacher("n", 5));
    EXPECT_EQ(job.failure(ErrorKind::BadInput),
              "distillation.teacher_model has a number of classes of 5 but the model has 6");
    EXPECT_EQ(job.sink.begun, std::vector<std::string>{"load"});
}

TEST_F(TaughtRun, RefusesALayerThatIsNone) {
    job.set("distillation.feature_distillation", "true").set("distillation.feature_layers", "[model.99]");
    EXPECT_EQ(job.failure(ErrorKind::BadInput),
              "distillation.feature_layers holds model.99, which is no layer of the model");
}

TEST_F(TaughtRun, NeedsATeacher) {
    job.set("model.pretrained_path", "");
    EXPECT_EQ(job.failure(ErrorKind::BadInput),
              "distillation has no teacher: distillation.teacher_model and model.pretrained_path are both empty");
}

TEST_F(TaughtRun, ResumesWithinFineTuning) {
    job.set("qat_params.post_qat_fine_tuning", "true").set("train_params.checkpoint_every", "1");
    const auto setUp = [&](SmallJob& made) { made.request.overrides = job.request.overrides; };
    const auto whole = runInParts(scratch.path(), "whole", setUp, {});
    const auto rest = runInParts(scratch.path(), "parts", setUp, {{"train/distill_loss", 3}});
    for (const char* file : {"results.csv", "weights/final.safetensors"})
        EXPECT_EQ(readFile(rest->folder() / file), readFile(whole->folder() / file)) << file;
}

}  // namespace
}  // namespace qat::test
