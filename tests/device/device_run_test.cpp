// Whole jobs with run.device: cuda: every stage, what the run folder says of the device, and one that is not there.
#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/files.h"
#include "graph/device.h"
#include "run/executor.h"
#include "session/model_source.h"
#include "session/run_model.h"
#include "session/small_job.h"
#include "support/tensors.h"
#include "task/task.h"

namespace qat::test {
namespace {

using nlohmann::json;

class DeviceRun : public testing::Test {
protected:
    const ScratchFolder scratch;

    // In a folder of its own within the scratch folder; "": called like the device.
    struct JobOn : SmallJob {
        JobOn(const DeviceRun& test, const std::string& device, const std::string& folder = "")
            : SmallJob(test.scratch.path()) {
            request.out = test.scratch.path() / (folder.empty() ? device : folder);
            set("run.device", device);
        }
    };
    static json summary(const SmallJob& job) { return readJson(job.folder() / "run_summary.json"); }
    static std::map<std::string, double> scalars(const SmallJob& job, const std::string& prefix) {
        std::map<std::string, double> found;
        for (const json& event : readEvents(job.folder()))
            if (event["type"] == "scalar" && event["series"].get<std::string>().starts_with(prefix))
                found[event["series"].get<std::string>() + " " + event["x"].dump()] = event["value"];
        return found;
    }
};

TEST_F(DeviceRun, SaysWhereItComputedAndComesToTheSame) {
    JobOn here(*this, "cpu"), there(*this, "auto");
    EXPECT_EQ(here.run().status, JobStatus::Completed);
    EXPECT_EQ(there.run().status, JobStatus::Completed);
    EXPECT_EQ(summary(here)["training"]["device"], "cpu");
    EXPECT_EQ(summary(there)["training"]["device"], "cuda:0");
    EXPECT_EQ(readEvents(there.folder()).front()["device"], "cuda:0");
    EXPECT_NE(readFile(there.folder() / "config.yaml").find("cuda:0"), std::string::npos) << "kept for a resume";
    EXPECT_EQ(there.sink.begun, here.sink.begun);
    const auto expected = scalars(here, "train/"), made = scalars(there, "train/");
    ASSERT_EQ(expected.size(), made.size());
    ASSERT_GE(expected.size(), 6u);
    for (const auto& [series, value] : expected) EXPECT_NEAR(made.at(series), value, 2e-3 * value) << series;
    const Graph ours = openRun(here.folder()).graph, theirs = openRun(there.folder()).graph;
    for (const ValueId id : ours.storedValues())
        EXPECT_LE(relativeDifference(*theirs.value(id).data, *ours.value(id).data), 0.1) << ours.value(id).name;
}

TEST_F(DeviceRun, EveryStageRuns) {
    JobOn job(*this, "cuda");
    job.set("repair.adaround", "true").set("repair.bias_correction", "true").set("repair.adaround_iterations", "3");
    job.set("repair.samples", "4").set("repair.equalize", "true");
    job.set("qc.enabled", "true").set("distillation.enabled", "true");
    job.set("calibration.method", "entropy")
        .set("calibration.use_coreset", "true")
        .set("calibration.coreset_size", "4");
    job.set("oscillation.freeze.threshold", "0.2").set("oscillation.dampen.weight", "0.001");
    job.set("qat_params.post_qat_fine_tuning", "true").set("qat_params.fine_tuning_epochs", "1");
    job.set("qat_params.auto_adapt_bit_width", "true").set("sensitivity.bits", "4,8");
    EXPECT_EQ(job.run().status, JobStatus::Completed);
    EXPECT_EQ(job.sink.begun,
              (std::vector<std::string>{"load", "calibrate", "search", "repair", "evaluate_fp32", "evaluate_ptq",
                                        "analyze", "train", "qc", "evaluate", "export"}));
    EXPECT_TRUE(std::filesystem::exists(job.folder() / "exports/model.onnx") ||
                !std::filesystem::is_empty(job.folder() / "exports"));
}

TEST_F(DeviceRun, FloatEpochsGradualWidthsAndReestimatedNorms) {
    JobOn job(*this, "cuda");
    job.set("qat_params.fuse_modules", "false").set("oscillation.bn_reestimation", "2").set("export.formats", "[]");
    job.set("qat_params.float_epochs", "1").set("qat_params.gradual_bits.weight", "8").set("train_params.epochs", "3");
    job.set("qat_params.use_lsq", "false").set("train_params.multi_scale", "0.5");
    EXPECT_EQ(job.run().status, JobStatus::Completed);
    EXPECT_EQ(summary(job)["training"]["device"], "cuda:0");
}

TEST_F(DeviceRun, GoesOnAfterEveryStage) {
    JobOn whole(*this, "cuda");
    whole.run();
    for (const std::string stage : {"evaluate_ptq", "train"}) {
        JobOn job(*this, "cuda", "stopped_in_" + stage);
        job.sink.onStage = [&](std::string_view begun) {
            if (begun == stage) job.cancel.request(StopLevel::FinishBatch);
        };
        EXPECT_EQ(job.run().status, JobStatus::Cancelled);
        JobOn rest(*this, "cuda", "stopped_in_" + stage);
        rest.request.resume = true;
        EXPECT_EQ(rest.run().status, JobStatus::Completed);
        EXPECT_EQ(readFile(rest.folder() / "weights/final.safetensors"),
                  readFile(whole.folder() / "weights/final.safetensors"))
            << stage;
    }
}

TEST_F(DeviceRun, RefusesADeviceThatIsNotThere) {
    JobOn job(*this, "cuda:77");
    EXPECT_EQ(job.failure(ErrorKind::BadInput).find("run.device: cuda:77 is not there: libtorch sees "), 0u);
    EXPECT_FALSE(std::filesystem::exists(job.folder()));
}

}  // namespace
}  // namespace qat::test
