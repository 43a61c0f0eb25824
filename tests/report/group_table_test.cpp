// Rows of the method table from runs made up for it.
#include "report/group_table.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "report/made_run.h"
#include "support/assets.h"

namespace qat::test {
namespace {

struct GroupTable : testing::Test {
    const ScratchFolder scratch;
    void add(const std::string& name, const MadeRun& made) const { writeMadeRun(scratch.path() / name, made); }
    std::vector<MethodRow> rows() const { return methodRows(readGroup(scratch.path())); }
};

TEST_F(GroupTable, MeansAndDeviationsOverSeeds) {
    add("a", {.seed = "2", .map = 0.2, .oscillation = 0.1, .seconds = 10});
    add("b", {.seed = "0", .map = 0.4, .oscillation = 0.3, .seconds = 30});
    add("c", {.seed = "1", .map = 0.6, .oscillation = 0.2, .seconds = 20});
    const auto found = rows();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].seeds, (std::vector<int64_t>{0, 1, 2}));
    EXPECT_EQ(found[0].runs, (std::vector<std::string>{"b", "c", "a"}));
    EXPECT_NEAR(*found[0].primary().spread.mean, 0.4, 1e-12);
    EXPECT_NEAR(*found[0].primary().spread.deviation, 0.2, 1e-12);
    EXPECT_NEAR(*found[0].oscillatingShare, 0.2, 1e-12);
    EXPECT_NEAR(found[0].seconds, 20, 1e-12);
    EXPECT_EQ(found[0].stable, 3);
}

TEST_F(GroupTable, LossIsTheMeanOfTheLastEpoch) {
    add("a", {});
    double sum = 0;
    for (int step = 5000 - 5000 / 3 + 1; step <= 5000; ++step) sum += 1.0 / step;
    EXPECT_NEAR(*rows()[0].loss.mean, sum / (5000 / 3), 1e-9) << "of the terms there are";
    std::string events = readFile(scratch.path() / "a/events.jsonl");
    for (const char* part : {"ce", "size", "distill", "dampen"})  // a teacher and dampening are no part of the loss
        for (int step = 1; step <= 3; ++step)
            events +=
                str(R"({"type":"scalar","series":"train/)", part, R"(_loss","x":)", step, R"(,"value":)", step, "}\n");
    writeFileAtomic(scratch.path() / "a/events.jsonl", events);
    EXPECT_NEAR(*rows()[0].loss.mean, sum / (5000 / 3) + 3 + 3, 1e-9);
}

TEST_F(GroupTable, OneRunHasNoDeviation) {
    add("a", {});
    EXPECT_FALSE(rows()[0].primary().spread.deviation.has_value());
    EXPECT_NE(groupMarkdown(rows()).find("| 0.5000 | 0.7000 |"), std::string::npos);
}

TEST_F(GroupTable, UnfinishedRunsAreCountedApart) {
    add("a", {.map = 0.5});
    add("b", {.status = "completed-failed", .seed = "1", .map = 0.0});
    add("c", {.outcome = "collapsed", .seed = "2", .map = 0.1});
    const auto found = rows();
    EXPECT_EQ(found[0].runs.size(), 2u);
    EXPECT_EQ(found[0].unfinished, 1);
    EXPECT_EQ(found[0].stable, 1);
    EXPECT_NE(groupMarkdown(found).find("| 2 (1 unfinished) | 1 |"), std::string::npos);
}

TEST_F(GroupTable, RowsAreInTheOrderOfModelWidthsAndParts) {
    add("a", {.method = "ema+qc"});
    add("b", {.method = "ema"});
    add("c", {.method = "baseline"});
    add("d", {.variant = "yolov8s", .method = "baseline"});
    add("e", {.mode = "w3a16", .method = "baseline"});
    std::vector<std::string> order;
    for (const MethodRow& row : rows()) order.push_back(row.variant + " " + row.quantization + " " + row.method);
    EXPECT_EQ(order, (std::vector<std::string>{"yolov8n w3a16 baseline", "yolov8n w4a16 baseline", "yolov8n w4a16 ema",
                                               "yolov8n w4a16 ema+qc", "yolov8s w4a16 baseline"}));
}

TEST_F(GroupTable, CalibrationsStandSideBySide) {
    add("a", {.calibration = "minmax", .map = 0.25});
    EXPECT_TRUE(calibrationTable(rows()).empty()) << "nothing to compare";
    add("b", {.calibration = "mse", .map = 0.75});
    add("c", {.mode = "fp8", .calibration = "mse", .map = 0.5});
    EXPECT_EQ(calibrationTable(rows()), (TextTable{{"Model", "Bits", "Method", "FP32", "minmax", "mse"},
                                                   {"yolov8n", "fp8", "ema", "0.6000", "-", "0.5000"},
                                                   {"yolov8n", "w4a16", "ema", "0.6000", "0.2500", "0.7500"}}));
}

TEST_F(GroupTable, LabelsSayWhatDiffers) {
    add("a", {});
    EXPECT_EQ(rowLabel(rows()[0], rows()), "yolov8n ema");
    add("b", {.mode = "fp8", .calibration = "minmax"});
    EXPECT_EQ(rowLabel(rows()[0], rows()), "fp8 minmax");
}

TEST_F(GroupTable, IsWrittenAsJsonAndMarkdown) {
    add("a", {});
    writeMethodTable(scratch.path(), rows());
    const auto json = readJson(scratch.path() / "methods.json");
    EXPECT_EQ(json["rows"][0]["mAP50-95"]["mean"], 0.5);
    EXPECT_TRUE(json["rows"][0]["mAP50-95"]["deviation"].is_null());
    EXPECT_EQ(readFile(scratch.path() / "methods.md"), groupMarkdown(rows()));
}

}  // namespace
}  // namespace qat::test
