// Settings of the analysis section, seen by what a run does.
#include <gtest/gtest.h>

#include <set>

#include "small_job.h"

namespace qat {
namespace {

struct Effects : testing::Test {
    test::ScratchFolder scratch;
    test::SmallJob job{scratch.path()};

    Effects() { job.set("train_params.epochs", "0").set("analysis.sensitivity_bits", "[]").set("export.formats", "[]"); }
    bool ran(const char* stage) const { return std::ranges::find(job.sink.begun, stage) != job.sink.begun.end(); }
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
    EXPECT_FALSE(std::filesystem::exists(job.folder() / "previews") && !std::filesystem::is_empty(job.folder() / "previews"));
}

TEST_F(Effects, EitherSwitchEndsTheAnalysis) {
    job.set("qat_params.analyze_quantization_effects", "false").run();
    EXPECT_FALSE(ran("analyze"));
}

}  // namespace
}  // namespace qat
