// Files of end-to-end detectors that give other things than the decoded output: what they hold, and that a runtime's
// answer is compared with our own of the same thing.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "eval/top_scores.h"
#include "export/exporter.h"
#include "export/file_output.h"
#include "export/runtime_check.h"
#include "models/family.h"
#include "run/executor.h"
#include "session/export_run.h"
#include "session/file_reading.h"
#include "session/run_model.h"
#include "session/small_job.h"
#include "support/tensors.h"

namespace qat::test {
namespace {

constexpr int64_t kSide = 96, kPlaces = 12 * 12 + 6 * 6 + 3 * 3;

struct Network {
    const char *name, *architecture;
};

std::ostream& operator<<(std::ostream& out, const Network& network) {
    return out << network.name;
}

class GivenByFiles : public testing::TestWithParam<Network> {
protected:
    Graph build() const {
        const auto member = *memberNamed(GetParam().name);
        Random random(3);
        return buildMember({member.family, {member.spec.variant, 6}}, &random);
    }
};

// Read back, every form says what the network decoded.
TEST_P(GivenByFiles, AreReadAsWhatTheNetworkDecoded) {
    const Graph graph = build();
    const at::Tensor image = randomTensor({1, 3, kSide, kSide}, 2, 0, 1);
    for (const ExportOutput output : {ExportOutput::Raw, ExportOutput::EndToEnd}) {
        const Graph form = prepareForExport(graph, kSide, nullptr, output);
        const auto made = Executor(form, {.outputs = {kFileOutput, decodedOutput(form)}}).run(image);
        const at::Tensor decoded = made[1][0].contiguous();
        const int64_t rows = std::min<int64_t>(kEndToEndRows, kPlaces * 6);
        EXPECT_EQ(made[0].sizes().vec(),
                  (output == ExportOutput::Raw ? Shape{1, 4 * form.info.regMax + 6, kPlaces} : Shape{1, rows, 6}));
        const FileReading reading(form.info, output, image.sizes().vec());
        const at::Tensor read = reading.decoded(made[0][0]).contiguous();
        if (output == ExportOutput::Raw) {
            EXPECT_LT(maxDifference(read, decoded), 1e-3);
            continue;
        }
        NmsOptions all;
        all.conf = 0;
        const auto listed = [&](const at::Tensor& x) {
            return topScores({x.data_ptr<float>(), static_cast<size_t>(x.numel())}, 6, x.size(1), all);
        };
        const auto ours = listed(decoded), theirs = listed(read);
        ASSERT_EQ(theirs.size(), static_cast<size_t>(rows));
        ASSERT_EQ(ours.size(), theirs.size());
        for (size_t i = 0; i < ours.size(); ++i) {
            EXPECT_EQ(ours[i].score, theirs[i].score);
            EXPECT_EQ(ours[i].classIndex, theirs[i].classIndex);
            for (size_t side = 0; side < 4; ++side) EXPECT_NEAR(ours[i].box[side], theirs[i].box[side], 1e-3);
        }
    }
}

class ExportedForms : public GivenByFiles {
protected:
    const ScratchFolder scratch;
    SmallJob job{scratch.path()};

    void SetUp() override {
        job.set("model.architecture", GetParam().architecture)
            .set("model.pretrained_path", "")
            .set("data.imgsz", std::to_string(kSide))
            .set("analysis.enabled", "false")
            .set("train_params.epochs", "0")
            .set("quantization.weight.bit_width", "8")
            .set("export.validate", "true");
    }
    static Shape shapeOf(const std::filesystem::path& file) {
        const std::vector<float> image(3 * kSide * kSide, 0.5f);
        return runOnnxRuntime(file, {{"images", {1, 3, kSide, kSide}, image}}, {}).run->outputs.at(0).shape;
    }
};

TEST_P(ExportedForms, OfARunAreWrittenAndComparedLikeItsDecodedOutput) {
    const bool runtime = missingOnnxRuntime().empty();
    job.run();
    const ModelInfo info = openRun(job.folder()).graph.info;
    const int64_t decoded = 4 + info.numClasses, raw = 4 * info.regMax + info.numClasses;
    struct Case {
        ExportOutput output;
        const char* head;
        Shape shape;
    };
    for (const auto& [output, head, shape] : {Case{ExportOutput::Decoded, "auto", {1, decoded, kPlaces}},
                                              Case{ExportOutput::Decoded, "one2many", {1, decoded, kPlaces}},
                                              Case{ExportOutput::Raw, "one2many", {1, raw, kPlaces}},
                                              Case{ExportOutput::EndToEnd, "one2one", {1, kEndToEndRows, 6}}}) {
        NullSink sink;
        const auto files =
            exportModel({job.folder(), scratch.path() / "files", {"onnx"}, output, head}, sink, CancelToken());
        EXPECT_NE(files.at(0).check.result, CheckResult::Failed) << files[0].check.sentence;
        if (!runtime) continue;
        EXPECT_EQ(files[0].check.result, CheckResult::Passed) << files[0].check.sentence;
        EXPECT_EQ(shapeOf(files[0].path), shape);
    }
}

TEST_P(ExportedForms, OfAConfigurationAreWrittenByItsRun) {
    EXPECT_EQ(job.set("export.output", "end2end").run().gates, std::vector<std::string>{});
    if (missingOnnxRuntime().empty()) {
        EXPECT_EQ(shapeOf(job.folder() / "exports/model.onnx"), (Shape{1, kEndToEndRows, 6}));
    }
    NullSink sink;
    try {
        exportModel({job.folder(), scratch.path() / "files", {"onnx"}, std::nullopt, "one2many"}, sink, CancelToken());
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
        EXPECT_NE(std::string(error.what()).find("the deployed head is one2many"), std::string::npos) << error.what();
    }
    EXPECT_FALSE(std::filesystem::exists(scratch.path() / "files/model.onnx"));
}

INSTANTIATE_TEST_SUITE_P(EndToEnd, GivenByFiles,
                         testing::Values(Network{"yolov10n", "yolov10"}, Network{"yolo26n", "yolo26"}),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(EndToEnd, ExportedForms,
                         testing::Values(Network{"yolov10n", "yolov10"}, Network{"yolo26n", "yolo26"}),
                         [](const auto& info) { return info.param.name; });

TEST(GivenByAJob, IsRefusedBeforeItTrains) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    const std::string message = job.set("export.output", "end2end").failure(ErrorKind::Unsupported);
    EXPECT_NE(message.find("only YOLOv10 and YOLO26 have another"), std::string::npos) << message;
    EXPECT_TRUE(std::ranges::find(job.sink.begun, "calibrate") == job.sink.begun.end());
}

}  // namespace
}  // namespace qat::test
