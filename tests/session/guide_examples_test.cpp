// The three examples that end the configuration guide, each as it stands there, from calibration to the exported file.
#include <gtest/gtest.h>

#include <fstream>

#include "base/files.h"
#include "config/guide_snippets.h"
#include "small_job.h"

namespace qat {
namespace {

using nlohmann::json;

class GuideExample : public testing::TestWithParam<size_t> {};

INSTANTIATE_TEST_SUITE_P(OfThree, GuideExample, testing::Values(0, 1, 2));

// Only what an example leaves to its user is set: data, checkpoints, and how long it may take.
TEST_P(GuideExample, RunsEndToEndOnShapes) {
    const test::ScratchFolder scratch;
    test::SmallJob job(scratch.path());
    const auto& snippets = test::guideSnippets();
    const std::string text = snippets[snippets.size() - 3 + GetParam()].text;
    const std::string start = (scratch.path() / "start.safetensors").string();
    const auto file = scratch.path() / "example.yaml";
    std::ofstream(file) << text;
    job.request.config = file;
    const bool small = text.find("variant: \"s\"") != std::string::npos;
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::string>>{{"data.path", "shapes:train=8,val=4,size=64"},
                                                          {"data.imgsz", "64"},
                                                          {"data.augment.mosaic", "0"},
                                                          {"run.workers", "1"},
                                                          {"model.pretrained_path", small ? "" : start},
                                                          {"distillation.teacher_model", start},
                                                          {"calibration.num_batches", "2"},
                                                          {"calibration.coreset_size", "6"},
                                                          {"train_params.epochs", "1"},
                                                          {"train_params.batch_size", "4"},
                                                          {"train_params.nominal_batch", "4"},
                                                          {"analysis.test_samples", "2"},
                                                          {"sensitivity.bits", "4"},
                                                          {"sensitivity.samples", "1"},
                                                          {"export.validate", "false"}})
        job.set(key, value);
    const JobOutcome outcome = job.run();
    EXPECT_TRUE(outcome.ptq && outcome.final);
    EXPECT_TRUE(std::filesystem::exists(job.folder() / "exports" / "model.onnx"));
    const json summary = json::parse(readFile(job.folder() / "run_summary.json"));
    EXPECT_EQ(summary["training"]["epochs"], 1);
    for (const char* stage : {"calibrate", "evaluate_fp32", "evaluate_ptq", "analyze", "train", "evaluate", "export"})
        EXPECT_NE(std::ranges::find(job.sink.ended, stage), job.sink.ended.end()) << stage;
}

}  // namespace
}  // namespace qat
