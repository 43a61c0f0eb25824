// The stage repair in a run: what it says, what it leaves behind, and that a stopped run ends the same.
#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "small_job.h"

namespace qat {
namespace {

struct RepairRun : testing::Test {
    test::ScratchFolder scratch;

    void prepare(test::SmallJob& job, const char* folder) const {
        job.request.out = scratch.path() / folder;
        job.set("repair.adaround", "true").set("repair.bias_correction", "true").set("repair.adaround_iterations", "20").set("repair.samples", "4");
        job.set("quantization.weight.bit_width", "3").set("export.formats", "[]");
    }
};

TEST_F(RepairRun, SaysWhatItDidAndGoesOnWithTheRepairedNetwork) {
    test::SmallJob job(scratch.path());
    prepare(job, "run");
    job.set("train_params.epochs", "0").run();
    EXPECT_EQ(std::ranges::count(job.sink.ended, "repair"), 1);
    double gained = 0;
    int64_t layers = 0;
    for (const LayerRow& row : job.sink.layers) {
        if (row.table != "repair") continue;
        ++layers;
        gained += std::log10(row.metrics.at("before") / row.metrics.at("after"));
    }
    EXPECT_GT(layers, 20);
    EXPECT_GT(gained, 0) << "errors fall";
    const auto summary = nlohmann::json::parse(readFile(job.folder() / "run_summary.json"));
    const std::string said = summary["repair"];
    EXPECT_NE(said.find("layers repaired on 4 images, rounding learned, biases corrected"), std::string::npos) << said;
    EXPECT_NE(readFile(job.folder() / "events.jsonl").find("\"stage\":\"repair\""), std::string::npos);
}

TEST_F(RepairRun, StoppedRunsGoOnToTheSameWeights) {
    test::SmallJob whole(scratch.path());
    prepare(whole, "whole");
    whole.run();
    test::SmallJob stopped(scratch.path());
    prepare(stopped, "stopped");
    stopped.sink.onStage = [&](std::string_view stage) {
        if (stage == "train") stopped.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_EQ(stopped.run().status, JobStatus::Cancelled);
    test::SmallJob resumed(scratch.path());
    prepare(resumed, "stopped");
    resumed.request.resume = true;
    resumed.run();
    EXPECT_EQ(readFile(resumed.folder() / "weights/final.safetensors"), readFile(whole.folder() / "weights/final.safetensors"));
    EXPECT_TRUE(std::ranges::any_of(whole.sink.layers, [](const LayerRow& row) { return row.table == "quantizer" && row.metrics.at("used_levels") > 0; }))
        << "quantizers are told of once an epoch";
}

}  // namespace
}  // namespace qat
