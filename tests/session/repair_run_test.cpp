// The stage repair in a run: what it says, what it leaves behind, and that a stopped run ends the same.
#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "session/parted_job.h"

namespace qat {
namespace {

struct RepairRun : testing::Test {
    test::ScratchFolder scratch;

    static void prepare(test::SmallJob& job) {
        job.set("repair.adaround", "true")
            .set("repair.bias_correction", "true")
            .set("repair.adaround_iterations", "3")
            .set("repair.samples", "4");
        job.insertLayerConfig("^model\\.([4-9]|1[0-9]|2[0-9])\\.", "skip: true");  // the first stages are enough
        job.set("quantization.weight.bit_width", "3").set("export.formats", "[]");
    }
};

TEST_F(RepairRun, SaysWhatItDidAndGoesOnWithTheRepairedNetwork) {
    test::SmallJob job(scratch.path());
    prepare(job);
    job.set("train_params.epochs", "0").run();
    EXPECT_EQ(std::ranges::count(job.sink.ended, "repair"), 1);
    double gained = 0;
    int64_t layers = 0;
    for (const LayerRow& row : job.sink.layers) {
        if (row.table != "repair") continue;
        ++layers;
        gained += std::log10(row.metrics.at("before") / row.metrics.at("after"));
    }
    EXPECT_GE(layers, 5);
    EXPECT_GT(gained, 0) << "errors fall";
    const auto summary = nlohmann::json::parse(readFile(job.folder() / "run_summary.json"));
    const std::string said = summary["repair"];
    EXPECT_NE(said.find("layers repaired on 4 images, rounding learned, biases corrected"), std::string::npos) << said;
    EXPECT_NE(readFile(job.folder() / "events.jsonl").find("\"stage\":\"repair\""), std::string::npos);
}

TEST_F(RepairRun, StoppedRunsGoOnToTheSameWeights) {
    const auto whole = test::runInParts(scratch.path(), "whole", prepare, {});
    const auto resumed = test::runInParts(scratch.path(), "stopped", prepare, {{"train"}});
    EXPECT_EQ(readFile(resumed->folder() / "weights/final.safetensors"),
              readFile(whole->folder() / "weights/final.safetensors"));
    EXPECT_TRUE(std::ranges::any_of(whole->sink.layers, [](const LayerRow& row) {
        return row.table == "quantizer" && row.metrics.at("used_levels") > 0;
    })) << "quantizers are told of once an epoch";
}

}  // namespace
}  // namespace qat
