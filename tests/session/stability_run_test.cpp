// Averaging, freezing and norms estimated again as a whole run tells of them.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/files.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

struct StabilityRun : testing::Test {
    ScratchFolder scratch;
    SmallJob job{scratch.path()};
    std::set<std::string> series;

    StabilityRun() {
        job.set("analysis.enabled", "false")
            .set("qat_params.analyze_quantization_effects", "false")
            .set("analysis.generate_visualization", "false");
        job.sink.onScalar = [this](std::string_view name, double) { series.emplace(name); };
    }
    bool ran(const char* stage) const { return std::ranges::find(job.sink.begun, stage) != job.sink.begun.end(); }
    int logged(const std::string& part) const {
        return static_cast<int>(std::ranges::count_if(
            job.sink.logs, [&](const std::string& text) { return text.find(part) != std::string::npos; }));
    }
};

TEST_F(StabilityRun, BothModelsAreInTheResults) {
    job.set("export.formats", "[]").run();
    EXPECT_TRUE(series.contains("metrics/raw/mAP50-95(B)"));
    EXPECT_EQ(readEvents(job.folder()).front()["averaged"], true);
    const std::string results = readFile(job.folder() / "results.csv");
    EXPECT_NE(results.find("metrics/raw/mAP50-95(B)"), std::string::npos) << results;
    const std::string header = results.substr(0, results.find('\n')), row = results.substr(results.find('\n') + 1);
    EXPECT_EQ(std::ranges::count(header, ','), std::ranges::count(row, ','));
}

TEST_F(StabilityRun, FrozenRunIsExportedAndTold) {
    job.set("oscillation.momentum", "0.5")
        .set("oscillation.freeze.threshold", "0.2")
        .set("oscillation.freeze.start_threshold", "0.2");
    job.set("oscillation.freeze.begin", "0")
        .set("oscillation.dampen.weight", "0.001")
        .set("train_params.epochs", "2")
        .set("ema.enabled", "false");
    const JobOutcome outcome = job.run();
    EXPECT_EQ(outcome.status, JobStatus::Completed);
    EXPECT_TRUE(series.contains("oscillation/frozen"));
    EXPECT_TRUE(series.contains("train/dampen_loss"));
    EXPECT_FALSE(series.contains("metrics/raw/mAP50-95(B)"));
    EXPECT_EQ(readEvents(job.folder()).front()["averaged"], false);
    bool told = false;
    for (const LayerRow& row : job.sink.layers)
        told |=
            row.table == "oscillation" && row.metrics.contains("frozen") && row.metrics.contains("boundary_distance");
    EXPECT_TRUE(told);
}

TEST_F(StabilityRun, NormsAreEstimatedAgainWhereTheyAreKept) {
    job.set("qat_params.fuse_modules", "false")
        .set("oscillation.bn_reestimation", "2")
        .set("export.formats", "[]")
        .run();
    EXPECT_TRUE(ran("reestimate"));
    EXPECT_TRUE(series.contains("reestimate/before/mAP50-95"));
    EXPECT_TRUE(series.contains("reestimate/after/mAP50-95"));
    EXPECT_EQ(logged("batch norms estimated again on 8 images"), 1);
}

TEST_F(StabilityRun, FoldedNormsAreNot) {
    job.set("oscillation.bn_reestimation", "2").set("export.formats", "[]").run();
    EXPECT_FALSE(ran("reestimate"));
}

}  // namespace
}  // namespace qat::test
