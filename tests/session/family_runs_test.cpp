// Every family through the whole program: calibration, both measurements, training at 4 bits with EMA, correction, the
// errors of all layers, the exported file.
#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "export/runtime_check.h"
#include "session/run_model.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

struct Member {
    const char *name, *architecture, *variant;
    int heads = 1;                      // that are trained
    const char* weightBits = "4";       // as it is trained
    std::vector<std::string> beside{};  // outputs beside boxes
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
            .set("quantization.weight.bit_width", member.weightBits)
            .set("train_params.epochs", "2")
            .set("ema.enabled", "true")
            .set("qc.enabled", "true")
            .set("sensitivity.bits", "[8]")
            .set("export.validate", "true");
    }

    // The exported file computes what the simulation does, beside boxes too, and the figures say what they leave out.
    static void expectChecked(const nlohmann::json& summary) {
        const auto& check = summary["artifacts"]["export_checks"].at(0);
        const std::string sentence = check["sentence"];
        const bool runs = missingOnnxRuntime().empty();
        EXPECT_EQ(check["result"], runs ? "passed" : "not_checked") << sentence;
        for (const std::string& output : GetParam().beside)
            EXPECT_EQ(sentence.find("; error of " + output + " ") != std::string::npos, runs) << sentence;
        EXPECT_EQ(summary["metrics"]["measured"].contains("not_scored"), !GetParam().beside.empty());
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
    EXPECT_EQ(graph.outputNames(OutputRole::Extra), GetParam().beside);
    expectChecked(readJson(job.folder() / "run_summary.json"));
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
                         testing::Values(Member{"YOLOv8n", "yolov8", "n", 1, "8"},
                                         Member{"YOLOv3tinyu", "yolov3", "-tinyu"}, Member{"YOLOv5n", "yolov5", "n"},
                                         Member{"YOLOv5nu", "yolov5", "nu"}, Member{"YOLOv9t", "yolov9", "t"},
                                         Member{"YOLOv10n", "yolov10", "n", 2}, Member{"YOLO11n", "yolo11", "n"},
                                         Member{"YOLO12n", "yolo12", "n"}, Member{"YOLO26n", "yolo26", "n", 2},
                                         Member{"YOLO26nseg", "yolo26", "n-seg", 2, "4", {"masks", "protos"}},
                                         Member{"YOLO26npose", "yolo26", "n-pose", 2, "4", {"keypoints"}},
                                         Member{"YOLOv8nobb", "yolov8", "n-obb", 1, "8", {"angles", "rotated"}}),
                         [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(All, ResumedFamilyRun,
                         testing::Values(Member{"YOLOv5n", "yolov5", "n"}, Member{"YOLOv10n", "yolov10", "n", 2},
                                         Member{"YOLO26n", "yolo26", "n", 2}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace qat::test
