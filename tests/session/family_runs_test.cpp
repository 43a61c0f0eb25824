// Every family through the whole program: calibration, both measurements, training at 4 bits with EMA, correction, the
// errors of all layers, the exported file.
#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "session/run_model.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

struct Member {
    const char *name, *architecture, *variant;
    int heads = 1;  // that are trained
};

std::ostream& operator<<(std::ostream& out, const Member& member) {
    return out << member.name;
}

class FamilyRun : public testing::TestWithParam<Member> {
protected:
    const ScratchFolder scratch;

    SmallJob& prepare(SmallJob& job) const {
        const Member& member = GetParam();
        return job.set("model.architecture", member.architecture)
            .set("model.variant", member.variant)
            .set("model.pretrained_path", "")
            .set("train_params.epochs", "2")
            .set("ema.enabled", "true")
            .set("qc.enabled", "true")
            .set("sensitivity.bits", "[8]")
            .set("export.validate", "true");
    }
};

TEST_P(FamilyRun, GoesThroughAllStages) {
    SmallJob job(scratch.path());
    EXPECT_EQ(prepare(job).run().status, JobStatus::Completed);
    EXPECT_EQ(job.sink.begun, (std::vector<std::string>{"load", "calibrate", "evaluate_fp32", "evaluate_ptq", "analyze",
                                                        "train", "qc", "evaluate", "export"}));
    int losses = 0;
    for (const nlohmann::json& event : readEvents(job.folder())) {
        if (event["type"] != "scalar" || !event["series"].get<std::string>().starts_with("train/")) continue;
        EXPECT_TRUE(event["value"].is_number() && std::isfinite(event["value"].get<double>())) << event;
        ++losses;
    }
    EXPECT_GT(losses, 0);
    for (const LayerRow& row : job.sink.layers) {
        if (row.table != "error") continue;
        for (const auto& [column, value] : row.metrics) EXPECT_FALSE(std::isnan(value)) << row.layer << " " << column;
    }
    EXPECT_GT(std::filesystem::file_size(job.folder() / "exports/model.onnx"), 1000000u);
    Graph graph = openRun(job.folder()).graph;
    EXPECT_EQ(graph.info.architecture, GetParam().architecture);
    EXPECT_EQ(graph.outputNames(OutputRole::OtherRawHead).empty(), GetParam().heads == 1);
}

// Those whose losses and heads are not YOLOv8's.
class ResumedFamilyRun : public FamilyRun {
protected:
    SmallJob& prepareShort(SmallJob& job) const {
        return prepare(job).set("sensitivity.bits", "[]").set("export.formats", "[]");
    }
};

TEST_P(ResumedFamilyRun, EndsInTheSameBits) {
    for (const char* part : {"whole", "parts"}) std::filesystem::create_directory(scratch.path() / part);
    SmallJob whole(scratch.path() / "whole"), stopped(scratch.path() / "parts"), rest(scratch.path() / "parts");
    prepareShort(whole).run();
    stopped.sink.onStage = [&](std::string_view begun) {
        if (begun == "train") stopped.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_EQ(prepareShort(stopped).run().status, JobStatus::Cancelled);
    rest.request.resume = true;
    EXPECT_EQ(prepareShort(rest).run().status, JobStatus::Completed);
    EXPECT_EQ(readFile(rest.folder() / "weights/final.safetensors"),
              readFile(whole.folder() / "weights/final.safetensors"));
}

INSTANTIATE_TEST_SUITE_P(All, FamilyRun,
                         testing::Values(Member{"YOLOv3tinyu", "yolov3", "-tinyu"}, Member{"YOLOv5n", "yolov5", "n"},
                                         Member{"YOLOv5nu", "yolov5", "nu"}, Member{"YOLOv9t", "yolov9", "t"},
                                         Member{"YOLOv10n", "yolov10", "n", 2}, Member{"YOLO11n", "yolo11", "n"},
                                         Member{"YOLO12n", "yolo12", "n"}, Member{"YOLO26n", "yolo26", "n", 2}),
                         [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(All, ResumedFamilyRun,
                         testing::Values(Member{"YOLOv5n", "yolov5", "n"}, Member{"YOLOv10n", "yolov10", "n", 2},
                                         Member{"YOLO26n", "yolo26", "n", 2}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace qat::test
