// Settings of the sections analysis, data, run and sensitivity, seen by what a run does.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "base/files.h"
#include "config/config_io.h"
#include "drawn_data.h"
#include "small_job.h"

namespace qat {
namespace {

using nlohmann::json;

struct Effects : testing::Test {
    test::ScratchFolder scratch;
    test::SmallJob job{scratch.path()};

    Effects() { job.set("train_params.epochs", "0").set("sensitivity.bits", "[]").set("export.formats", "[]"); }
    bool ran(const char* stage) const { return std::ranges::find(job.sink.begun, stage) != job.sink.begun.end(); }
    // Of a run into its own folder with some more settings.
    json summaryOf(const char* name, const std::vector<std::pair<std::string, std::string>>& settings = {}) {
        job.request.out = scratch.path() / name;
        for (const auto& [key, value] : settings) job.set(key, value);
        job.run();
        return json::parse(readFile(job.folder() / "run_summary.json"));
    }
    std::set<std::string> errorColumns() const {
        std::set<std::string> names;
        for (const LayerRow& row : job.sink.layers)
            if (row.table == "error")
                for (const auto& [name, value] : row.metrics) names.insert(name);
        return names;
    }
};

TEST_F(Effects, EverythingIsOnByDefault) {
    const JobOutcome outcome = job.run();
    EXPECT_TRUE(outcome.fp32.has_value());
    EXPECT_TRUE(ran("analyze"));
    EXPECT_FALSE(job.sink.images.empty());
    EXPECT_EQ(errorColumns(), (std::set<std::string>{"abs_error", "cosine", "mse", "rel_error", "sqnr_db"}));
}

TEST_F(Effects, MetricsChooseTheColumnsOfLayerErrors) {
    job.set("analysis.metrics", "abs_error,mAP").run();
    EXPECT_EQ(errorColumns(), (std::set<std::string>{"abs_error"}));
}

TEST_F(Effects, TestSamplesAreTheImagesOfLayerErrors) {
    job.set("analysis.test_samples", "1").run();
    EXPECT_EQ(std::ranges::count(job.sink.logs, "layer error on 1 images"), 1);
}

TEST_F(Effects, WithoutComparisonTheFloatModelIsNotEvaluated) {
    const JobOutcome outcome = job.set("analysis.compare_with_fp32", "false").run();
    EXPECT_FALSE(outcome.fp32.has_value());
    EXPECT_TRUE(outcome.ptq.has_value());
    EXPECT_FALSE(ran("evaluate_fp32"));
}

TEST_F(Effects, WithoutVisualisationThereAreNoPictures) {
    job.set("analysis.generate_visualization", "false").run();
    EXPECT_TRUE(job.sink.images.empty());
    EXPECT_FALSE(std::filesystem::exists(job.folder() / "previews") &&
                 !std::filesystem::is_empty(job.folder() / "previews"));
}

TEST_F(Effects, EitherSwitchEndsTheAnalysis) {
    job.set("qat_params.analyze_quantization_effects", "false").run();
    EXPECT_FALSE(ran("analyze"));
}

TEST_F(Effects, SplitsAndClassesChooseWhatIsMeasured) {
    const auto labelled = [&] {  // class numbers in the previews
        std::set<int32_t> classes;
        for (const ImageRow& image : job.sink.images)
            for (const LabelBox& label : image.labels) classes.insert(label.classIndex);
        return classes;
    };
    summaryOf("all");
    EXPECT_TRUE(job.sink.images.front().image.starts_with("shapes/val/"));
    EXPECT_GT(labelled().size(), 1u);
    job.sink.images.clear();
    const json other =
        summaryOf("other", {{"data.val_split", "test"}, {"data.train_split", "val"}, {"data.classes", "disc"}});
    EXPECT_TRUE(job.sink.images.front().image.starts_with("shapes/test/"));
    EXPECT_EQ(labelled(), (std::set<int32_t>{0}));
    EXPECT_EQ(other["dataset"]["train_images"], 4) << "as many as the validation split";
    job.request.out = scratch.path() / "none";
    EXPECT_NE(
        job.set("data.classes", "cow").failure(ErrorKind::BadInput).find("data.classes: the data has no class cow"),
        std::string::npos);
}

// One picture is cut short, which is known at once; another has a byte changed inside, which only decoding finds.
TEST_F(Effects, DamagedPicturesAreLeftOutAndCounted) {
    const std::string data = test::writeDrawnData(scratch.path() / "data", 8, 4).string();
    const auto file = [&](const char* split, int i) {
        return scratch.path() / "data/images" / split / (std::to_string(i) + ".png");
    };
    writeFileAtomic(file("train", 2), readFile(file("train", 2)).substr(0, 200));
    test::spoilPixels(file("val", 1));
    const json summary = summaryOf("lenient", {{"data.path", data}, {"train_params.epochs", "1"}});
    const json counts = summary["dataset"];
    EXPECT_EQ(counts["train_images"], 7);
    EXPECT_EQ(counts["train_left_out"], 1);
    EXPECT_EQ(counts["val_left_out"], 0);
    EXPECT_EQ(counts["damaged_images"], 1);
    EXPECT_EQ(summary["status"], "completed-success");
    for (const char* piece :
         {"train/2.png is cut short, so it is left out",
          "val/1.png is damaged and cannot be read, so accuracy, calibration and analysis go without it, and"})
        EXPECT_EQ(std::ranges::count_if(job.sink.logs,
                                        [&](const std::string& text) { return text.find(piece) != std::string::npos; }),
                  1)
            << piece;
    job.request.out = scratch.path() / "strict";
    EXPECT_NE(job.set("data.strict", "true").failure(ErrorKind::BadInput).find("train/2.png is cut short"),
              std::string::npos);
    writeFileAtomic(file("train", 2), readFile(file("train", 3)));
    job.request.out = scratch.path() / "strict2";
    EXPECT_NE(job.failure(ErrorKind::BadInput).find("val/1.png is damaged"), std::string::npos);
}

TEST_F(Effects, ARunThatIsNotDeterministicDrawsItsSeedAndSaysIt) {
    const auto seedOf = [&](const char* name) {
        return summaryOf(name, {{"run.deterministic", "false"}, {"run.seed", "3"}})["training"]["seed"];
    };
    const json first = seedOf("first"), second = seedOf("second");
    EXPECT_NE(first, second);
    EXPECT_EQ(loadConfig(scratch.path() / "first" / "config.yaml").run.seed, first.get<int64_t>());
    job.request.resume = true;
    job.request.out = scratch.path() / "first";
    EXPECT_NO_THROW(job.run()) << "a resumed run keeps the seed it drew";
    job.request.resume = false;
    EXPECT_EQ(summaryOf("third", {{"run.deterministic", "true"}})["training"]["seed"], 3);
}

TEST_F(Effects, ThreadsAreThoseThatCompute) {
    int seen = 0;
    job.sink.onStage = [&](std::string_view) { seen = at::get_num_threads(); };
    job.set("run.threads", "1").run();
    EXPECT_EQ(seen, 1);
    job.request.out = scratch.path() / "three";
    job.set("run.threads", "3").run();
    EXPECT_EQ(seen, 3);
    job.request.out = scratch.path() / "all";
    job.set("run.threads", "0").run();
    EXPECT_GE(seen, 1);
    EXPECT_NE(seen, 3) << "the next job starts anew";
}

TEST_F(Effects, SensitivityOfWeightsAloneIsLess) {
    const auto scores = [&](const char* tensors) {
        job.request.out = scratch.path() / tensors;
        job.sink.layers.clear();
        job.set("sensitivity.bits", "4").set("sensitivity.tensors", tensors).run();
        std::vector<double> found;
        for (const LayerRow& row : job.sink.layers)
            if (row.table == "sensitivity") found.push_back(row.metrics.at("score"));
        return found;
    };
    const auto both = scores("both"), weights = scores("weights");
    ASSERT_EQ(both.size(), weights.size());
    ASSERT_FALSE(both.empty());
    size_t less = 0;
    for (size_t i = 0; i < both.size(); ++i) less += weights[i] < both[i];
    EXPECT_GT(less, both.size() * 3 / 4);
}

}  // namespace
}  // namespace qat
