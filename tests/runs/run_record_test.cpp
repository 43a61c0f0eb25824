// What the events of a run add up to, line by line.
#include "runs/run_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "runs/event_line.h"
#include "runs/folder.h"
#include "support/detection_series.h"
#include "support/recorded_run.h"

namespace qat::test {
namespace {

struct RunRecordTest : testing::Test {
    RunRecord record;
    unsigned apply(double t, const RunEvent& event) { return record.apply(eventLine(t, event)); }
    void stage(double t, std::string_view state) {
        apply(t,
              StageEvent{"train", std::string(state), state == StageEvent::kEnd ? std::optional(2.0) : std::nullopt});
    }
    static RunHeader header(bool resumed) {
        RunHeader header{"r", "yolov8n", "w4a8", "shapes", 3, {"load", "train"}, resumed};
        header.time = resumed ? "2026-01-02T04:00:00+00:00" : "2026-01-02T03:00:00+00:00";
        return header;
    }
};

TEST_F(RunRecordTest, HasAllOfTheRecordedRun) {
    std::ifstream file(RunFolder{recordedRun()}.events());
    for (std::string line; std::getline(file, line);) record.apply(line);
    EXPECT_EQ(record.events, record.lines);
    EXPECT_EQ(record.end->status, run_status::kSuccess);
    ASSERT_EQ(record.stages.size(), recordedStages().size());
    for (const RunStage& stage : record.stages) {
        EXPECT_EQ(stage.state, StageState::Done) << stage.name;
        EXPECT_NE(stages::title(stage.name), stage.name) << "without a title of its own";
    }
    EXPECT_EQ(stages::title("qc"), "Correct (QC)");
    for (const auto table : {tables::kError, tables::kSensitivity, tables::kOscillation, tables::kRepair,
                             tables::kCorrection, tables::kQuantizer})
        EXPECT_FALSE(record.bitsOf(table).empty()) << table;
    const LayerMetrics* correction = record.latest(tables::kCorrection, 0, "qc", "model.0.conv");
    ASSERT_TRUE(correction);
    EXPECT_GT(correction->value("gamma_max"), correction->value("gamma_min"));
    for (const auto name : {series::kPrecision, series::kRecall, series::kMap50, series::kMap, series::kRawMap50,
                            series::kRawMap, series::kBiasRate, series::kWeightRate, series::kNormRate,
                            series::kOscillating, series::kFrozen, series::kCorrectionLoss})
        EXPECT_TRUE(record.value(name)) << name << " is a word that the program does not write";
    for (const auto model : {series::kFp32, series::kPtq, series::kBeforeCorrection, series::kFinal})
        EXPECT_TRUE(record.value(series::map(model))) << model;
    EXPECT_FALSE(record.lossTerms().empty());
    EXPECT_FALSE(record.images.empty());
    ASSERT_EQ(record.exports.size(), 1u);
    EXPECT_EQ(record.exports[0].file, "exports/model.onnx");
}

TEST_F(RunRecordTest, SaysWhatALineTouched) {
    EXPECT_EQ(apply(0, header(false)), kRunIdentity | kRunStages | kRunStatus);
    EXPECT_EQ(apply(1, StageEvent{"load", "begin", {}}), kRunStages | kRunProgress);
    EXPECT_EQ(apply(1, ProgressEvent{"load", 1, 2}), kRunProgress);
    EXPECT_EQ(apply(1, ScalarEvent{"a", 1, 2}), kRunScalars);
    EXPECT_EQ(apply(1, LayerRow{"of_a_later_version", "l", 4, 0, "", {}}), kRunLayers) << "kept, whatever it is";
    EXPECT_TRUE(record.layerNames.empty()) << "but nobody knows whether it names layers";
    EXPECT_EQ(apply(1, ImageEvent{"a.png"}), kRunImages);
    EXPECT_EQ(apply(1, LogEvent{}), kRunLog);
    EXPECT_EQ(apply(1, ExportEvent{"onnx", "m.onnx"}), kRunExports);
    EXPECT_EQ(apply(1, EndEvent{"incomplete", {}}), kRunStatus | kRunStages | kRunSummary);
    EXPECT_EQ(record.apply("{"), kRunDamage);
    EXPECT_EQ(record.apply("  "), 0u);
    EXPECT_EQ(record.firstCorruptLine, 10);
    EXPECT_EQ(record.lines, 11);
}

TEST_F(RunRecordTest, AStoppedStageIsNotDone) {
    for (const auto status : {run_status::kIncomplete, run_status::kSuccess}) {
        stage(1, StageEvent::kBegin);
        apply(2, ProgressEvent{"train", 4, 640});
        stage(3, StageEvent::kEnd);
        EXPECT_EQ(record.stage("train")->state, StageState::Done);
        apply(3, EndEvent{std::string(status), {}});
        EXPECT_EQ(record.stage("train")->state,
                  status == run_status::kSuccess ? StageState::Done : StageState::Pending);
    }
    EXPECT_DOUBLE_EQ(record.stage("train")->seconds, 2);
    EXPECT_DOUBLE_EQ(record.seconds(), 4) << "of both times";
}

TEST_F(RunRecordTest, AResumedRunGoesOnInTimeAndStartsANewPieceOfEachSeries) {
    apply(0, header(false));
    stage(0, StageEvent::kBegin);
    for (int x = 1; x <= 3; ++x) apply(x, ScalarEvent{"s", double(x), 1});
    apply(0, header(true));
    EXPECT_EQ(record.stage("train")->state, StageState::Pending) << "the killed piece never said that it was over";
    apply(1, ScalarEvent{"s", 2, 5});
    apply(2, LogEvent{});
    const RunSeries* series = record.find("s");
    ASSERT_TRUE(series);
    EXPECT_EQ(series->starts, (std::vector<size_t>{0, 3}));
    EXPECT_DOUBLE_EQ(series->points.back().t, 4);
    EXPECT_DOUBLE_EQ(*series->last(), 5);
    EXPECT_EQ(series->curve(), (std::vector<std::pair<double, double>>{{1, 1}, {2, 5}, {3, 1}}));
    EXPECT_EQ(record.resumes, 1);
    EXPECT_EQ(record.started, header(false).time);
    EXPECT_EQ(record.log.lines.back().sitting, 1u);
    EXPECT_DOUBLE_EQ(record.log.lines.back().inSitting, 2);
    EXPECT_DOUBLE_EQ(record.log.lines.back().t, 5);
}

TEST_F(RunRecordTest, RemainingTimeFollowsTheNewestRate) {
    stage(0, StageEvent::kBegin);
    apply(0, ProgressEvent{"train", 0, 100});
    EXPECT_FALSE(record.remainingSeconds());
    apply(10, ProgressEvent{"train", 20, 100});
    EXPECT_DOUBLE_EQ(*record.remainingSeconds(), 40);
}

TEST_F(RunRecordTest, ABoxWithoutFiniteCornersIsNoBox) {
    record.apply(R"({"type":"image","image":"a","fp32":[{"box":[1,2]},{"class":3,"box":[4,3,2,1]},7],"labels":[{}]})");
    ASSERT_EQ(record.images.size(), 1u);
    ASSERT_EQ(record.images[0].fp32.size(), 1u);
    EXPECT_EQ(record.images[0].fp32[0].name, "3") << "its number where it has no name";
    EXPECT_TRUE(record.images[0].labels.empty());
    record.apply(R"({"type":"image","image":"a","fp32":[]})");
    EXPECT_EQ(record.images.size(), 1u) << "told again, it replaces the first";
    EXPECT_TRUE(record.images[0].fp32.empty());
}

TEST_F(RunRecordTest, HostileValuesDoNotBreak) {
    for (const char* line :
         {R"({"type":"scalar","series":"a","x":"1","value":2})", R"({"type":"scalar","series":7,"x":1e308,"value":1})",
          R"({"type":"progress","stage":"train","done":-5,"total":-1e300})", R"({"type":"stage"})",
          R"({"type":"layer","table":"error","layer":"x","metrics":[1,2]})", R"({"type":"run","epochs":-3})",
          R"({"t":1e308,"type":"log"})", R"({"type":"end","status":3,"error":{}})"})
        record.apply(line);
    EXPECT_TRUE(record.series.empty());
    EXPECT_EQ(record.stage("train")->total, 0);
    EXPECT_EQ(record.run.epochs, 0);
    EXPECT_EQ(record.corruptLines, 0);
    EXPECT_TRUE(record.ended());
}

TEST_F(RunRecordTest, TheLogIsBoundedAndSaysWhatItDropped) {
    record.log.capacity = 3;
    for (int i = 0; i < 5; ++i) apply(i, LogEvent{LogLevel::Info, "s", std::to_string(i)});
    EXPECT_EQ(record.log.lines.size(), 3u);
    EXPECT_EQ(record.log.dropped, 2);
    EXPECT_EQ(record.log.lines.front().text, "2");
}

TEST_F(RunRecordTest, LinesForWhoLooksIntoTheFileAreNotShown) {
    EXPECT_EQ(apply(0, LogEvent{LogLevel::Debug, "passes", "fold"}), 0u);
    EXPECT_TRUE(record.log.lines.empty());
    EXPECT_NE(eventLine(0, LogEvent{LogLevel::Debug, "s", "t"}).find("\"level\":\"debug\""), std::string::npos);
}

TEST_F(RunRecordTest, PicturesMayBePassedOver) {
    record.keepsImages = false;
    EXPECT_EQ(apply(0, ImageEvent{"a.png"}), 0u);
    EXPECT_TRUE(record.images.empty());
}

}  // namespace
}  // namespace qat::test
