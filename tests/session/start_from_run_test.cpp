// A run folder as the start of another job: its trained weights in float, whatever kind of run it was.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "models/weights.h"
#include "quant/unquantized.h"
#include "run/executor.h"
#include "session/model_source.h"
#include "session/run_model.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

using Overrides = std::vector<std::pair<std::string, std::string>>;

struct Job : SmallJob {
    Job(const std::filesystem::path& scratch, const std::string& folder) : SmallJob(scratch) {
        request.out = scratch / folder;
        set("analysis.enabled", "false")
            .set("analysis.generate_visualization", "false")
            .set("export.formats", "[]")
            .set("train_params.epochs", "0");
    }
};

class StartFromRun : public testing::Test {
protected:
    const ScratchFolder scratch;

    std::filesystem::path run(const std::string& folder, const Overrides& settings) const {
        Job made(scratch.path(), folder);
        for (const auto& [key, value] : settings) made.set(key, value);
        made.run();
        return made.folder();
    }
};

at::Tensor decoded(const Graph& graph) {
    at::Tensor image = at::linspace(0, 1, 3 * 64 * 64).reshape({1, 3, 64, 64});
    return Executor(graph, {.outputs = {"decoded"}}).run(image).front();
}

// Another job starts from every kind of run, and its line of FP32 is that of the run's model in float.
TEST_F(StartFromRun, EveryKindOfRunWillDo) {
    const std::vector<std::pair<std::string, Overrides>> kinds{
        {"calibrated", {}},
        {"trained", {{"train_params.epochs", "1"}}},
        {"unfused", {{"qat_params.fuse_modules", "false"}}},
        {"biased", {{"qat_params.fuse_modules", "false"}, {"repair.bias_correction", "true"}, {"repair.samples", "2"}}},
        {"float", {{"train_params.quantize", "false"}, {"train_params.epochs", "1"}}},
        {"corrected", {{"qc.enabled", "true"}, {"qc.lr", "0.05"}, {"qc.fold", "never"}}}};
    for (const auto& [name, settings] : kinds) {
        const auto first = run(name, settings);
        Job second(scratch.path(), name + "-second");
        second.set("model.pretrained_path", first.string());
        const JobOutcome outcome = second.run();
        ASSERT_TRUE(outcome.fp32 && outcome.ptq) << name;
        const auto model = readJson(second.folder() / "run_summary.json")["model"];
        EXPECT_EQ(model["checkpoint"], first.string());
        EXPECT_EQ(model["sha256"].get<std::string>().size(), 64u) << "of the weights";
        const Graph opened = openRun(first).graph;
        EXPECT_TRUE(at::allclose(decoded(openFloatModel(first).graph), decoded(withoutQuantizers(opened)), 1e-4, 1e-4))
            << name;
    }
}

// Weights that calibration alone has not moved are the ones that it started from.
TEST_F(StartFromRun, FloatAccuracyIsThatOfTheFirstRunsModel) {
    Job first(scratch.path(), "first");
    const JobOutcome before = first.run();
    Job second(scratch.path(), "second");
    second.set("model.pretrained_path", first.folder().string());
    const JobOutcome after = second.run();
    EXPECT_EQ(after.fp32->map, before.fp32->map);
    EXPECT_EQ(after.ptq->map, before.ptq->map);
}

TEST_F(StartFromRun, AnalysesAndTeachersStartThereToo) {
    const auto first = run("first", {});
    for (const JobKind kind : {JobKind::Sensitivity, JobKind::LayerError}) {
        Job analysis(scratch.path(), kind == JobKind::Sensitivity ? "sensitivity" : "error");
        analysis.request.kind = kind;
        EXPECT_EQ(analysis.set("model.pretrained_path", first.string()).run().status, JobStatus::Completed);
        EXPECT_GT(analysis.sink.layers.size(), 60u);
    }
    Job taught(scratch.path(), "taught");
    taught.set("train_params.epochs", "1")
        .set("distillation.enabled", "true")
        .set("distillation.teacher_model", first.string());
    EXPECT_EQ(taught.run().status, JobStatus::Completed);
}

TEST_F(StartFromRun, RunsWithoutWeightsAreRefused) {
    Job stopped(scratch.path(), "stopped");
    stopped.sink.onStage = [&](std::string_view stage) {
        if (stage == "calibrate") stopped.cancel.request(StopLevel::FinishBatch);
    };
    stopped.run();
    Job second(scratch.path(), "second");
    EXPECT_NE(second.set("model.pretrained_path", stopped.folder().string())
                  .failure(ErrorKind::BadInput)
                  .find("holds no weights yet"),
              std::string::npos);
}

}  // namespace
}  // namespace qat::test
