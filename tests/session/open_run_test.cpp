// A finished run opened again is the model it ended with, and exports as such.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "data/loader.h"
#include "eval/evaluate.h"
#include "import/checkpoint.h"
#include "session/export_run.h"
#include "session/model_source.h"
#include "session/run_model.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

// Validation detections of a model, by image; weak ones left out as in previews.
std::map<std::string, std::vector<Detection>> detectionsOf(const Graph& graph) {
    LoaderOptions options;
    options.imgsz = 64;
    options.batch = 4;
    options.workers = 0;
    Loader loader(openDataset("shapes:train=8,val=4,size=64", DataSplit::Val), options);
    std::map<std::string, std::vector<Detection>> found;
    for (ImageDetections& image : evaluate(graph, loader, {NmsOptions::validate(), true}, CancelToken()).images) {
        std::erase_if(image.detections, [](const Detection& d) { return d.score < 0.05f; });
        found[image.path] = std::move(image.detections);
    }
    return found;
}

void expectSameDetections(const SmallJob& job, const Graph& opened) {
    const auto found = detectionsOf(opened);
    int compared = 0;
    for (const ImageRow& row : job.sink.images) {
        if (row.stage != "qat") continue;
        EXPECT_EQ(row.quantized, found.at(row.image)) << row.image;
        compared += static_cast<int>(row.quantized.size());
    }
    EXPECT_GT(compared, 30);
}

TEST(OpenRun, FusedRunGivesTheSameDetections) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    job.run();
    const RunModel run = openRun(job.folder());
    EXPECT_EQ(run.graph.info.classNames.at(0), "disc");
    expectSameDetections(job, run.graph);
}

TEST(OpenRun, UnfusedRunGivesTheSameDetections) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    job.set("qat_params.fuse_modules", "false").run();
    expectSameDetections(job, openRun(job.folder()).graph);
}

TEST(OpenRun, AFirstLayerInFloatDoesNotHideTheQuantizers) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    job.insertLayerConfig("^model\\.0\\.conv$", "skip: true");
    job.run();
    expectSameDetections(job, openRun(job.folder()).graph);
}

std::vector<std::string> sortedLines(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    std::ranges::sort(lines);
    return lines;
}

// As earlier versions wrote them.
void removeGraphs(const std::filesystem::path& folder) {
    for (const char* name : {"last", "best", "final"})
        EXPECT_TRUE(std::filesystem::remove(folder / "weights" / (std::string(name) + ".graph"))) << name;
}

TEST(OpenRun, FoldersWithoutAGraphAreBuiltAnewToTheSame) {
    for (const char* fused : {"true", "false"}) {
        const ScratchFolder scratch;
        SmallJob job(scratch.path());
        job.set("qat_params.fuse_modules", fused).run();
        const Graph kept = openRun(job.folder()).graph;
        removeGraphs(job.folder());
        const Graph rebuilt = openRun(job.folder()).graph;
        std::vector<std::string> differ;
        std::ranges::set_symmetric_difference(sortedLines(dumpGraph(rebuilt)), sortedLines(dumpGraph(kept)),
                                              std::back_inserter(differ));
        EXPECT_EQ(differ, std::vector<std::string>());
        EXPECT_EQ(rebuilt.info.classNames, kept.info.classNames);
        expectSameDetections(job, rebuilt);
    }
}

TEST(OpenRun, TheGraphIsReadAndNotMadeFromTheConfiguration) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    job.set("train_params.epochs", "0").set("analysis.enabled", "false").run();
    const auto file = job.folder() / "weights/final.graph";
    writeFileAtomic(file, readFile(file) + "alias model.0. stem.\noutput extra model.0.act feature\n");
    const Graph graph = openRun(job.folder()).graph;
    EXPECT_EQ(layerAliases(graph, "model.0.conv").back(), "stem.conv");
    EXPECT_TRUE(graph.output("extra").valid());
    writeFileAtomic(file, readFile(file) + "nonsense here [1]\n");
    try {
        openRun(job.folder());
        FAIL() << "a damaged graph was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        EXPECT_TRUE(std::string(error.what()).starts_with(file.string() + ": graph text line ")) << error.what();
    }
}

TEST(OpenRun, WithoutWeightsSaysSo) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    job.sink.onStage = [&](std::string_view stage) {
        if (stage == "calibrate") job.cancel.request(StopLevel::FinishBatch);
    };
    job.run();
    try {
        openRun(job.folder());
        FAIL() << "must be refused";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("holds no weights yet"), std::string::npos) << error.what();
    }
}

TEST(OpenRun, WhileTrainingItIsTheBestSoFar) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    job.sink.onStage = [&](std::string_view stage) {
        if (stage == "evaluate") job.cancel.request(StopLevel::FinishBatch);
    };
    job.run();
    const RunModel run = openRun(job.folder());
    EXPECT_EQ(run.graph.info.classNames.at(5), "star");
    EXPECT_EQ(detectionsOf(run.graph).size(), 4u);
}

TEST(ExportModel, WritesRunsAndCheckpoints) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    job.set("train_params.epochs", "0").set("analysis.enabled", "false").run();
    NullSink sink;
    const auto files = exportModel({job.folder(), scratch.path() / "a", {"onnx", "safetensors"}}, sink, CancelToken());
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(files[0].format, "onnx");
    EXPECT_EQ(readFile(files[0].path), readFile(job.folder() / "exports/model.onnx"));
    EXPECT_EQ(files[0].bytes, static_cast<int64_t>(std::filesystem::file_size(files[0].path)));
    EXPECT_EQ(readFile(files[1].path), readFile(job.folder() / "weights/final.safetensors"));
    const auto own = exportModel({scratch.path() / "start.safetensors", scratch.path() / "b", {"safetensors16"}}, sink,
                                 CancelToken());
    ASSERT_EQ(own.size(), 1u);
    EXPECT_LT(own[0].bytes,
              static_cast<int64_t>(std::filesystem::file_size(scratch.path() / "start.safetensors")) * 6 / 10);
    const OpenedModel half = openModel(own[0].path);
    EXPECT_EQ(half.graph.info.numClasses, 6);
    EXPECT_TRUE(half.ignored.empty());
}

// A run, the command line and the window have one list of formats, and one way to write each.
TEST(ExportModel, ARunWritesEveryFormatAsTheCommandLineDoes) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    job.set("train_params.epochs", "0").set("analysis.enabled", "false");
    job.set("export.formats", "[safetensors16, tflite, onnx]").run();
    NullSink sink;
    const auto files =
        exportModel({job.folder(), scratch.path() / "a", {"safetensors16", "onnx"}}, sink, CancelToken());
    ASSERT_EQ(files.size(), 2u);
    for (const ExportedFile& file : files)
        EXPECT_TRUE(readFile(file.path) == readFile(job.folder() / "exports" / file.path.filename())) << file.format;
    const nlohmann::json summary = readJson(job.folder() / "run_summary.json");
    EXPECT_EQ(summary["artifacts"]["exports"], (nlohmann::json{"exports/model.safetensors", "exports/model.onnx"}));
}

// What one format cannot hold is known before another one is written.
TEST(ExportModel, AsksEveryFormatBeforeAnythingIsWritten) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    job.set("train_params.epochs", "0").set("analysis.enabled", "false").set("export.formats", "[]");
    job.set("quantization.weight.dtype", "float8_e4m3").set("quantization.weight.bit_width", "8").run();
    NullSink sink;
    const auto out = scratch.path() / "a";
    try {
        exportModel({job.folder(), out, {"safetensors", "onnx"}}, sink, CancelToken());
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
        const std::string text = error.what();
        EXPECT_TRUE(text.starts_with("the model cannot be written as ONNX: ")) << text;
        EXPECT_NE(text.find("opset 19"), std::string::npos) << text;
    }
    EXPECT_FALSE(std::filesystem::exists(out) && !std::filesystem::is_empty(out));
}

TEST(ExportModel, RefusesWhatItDoesNotKnow) {
    const ScratchFolder scratch;
    NullSink sink;
    const auto message = [&](const ExportRequest& request) -> std::string {
        try {
            exportModel(request, sink, CancelToken());
        } catch (const Error& error) {
            return error.what();
        }
        return "no error";
    };
    EXPECT_EQ(message({"yolov8n", scratch.path(), {"tflite"}}),
              "the format tflite is not written by this version, which writes onnx, qonnx, safetensors, "
              "safetensors16");
    EXPECT_EQ(message({"yolov8n", scratch.path(), {"safetensors", "safetensors16"}}),
              "safetensors and safetensors16 are both written to model.safetensors; take one of them");
    EXPECT_NE(message({scratch.path(), scratch.path() / "o", {}}).find("not a run folder"), std::string::npos);
    EXPECT_NE(message({"yolov8n", "/proc/o", {}}).find("/proc/o"), std::string::npos);
    EXPECT_NE(message({scratch.path() / "none.pt", scratch.path() / "o", {}}).find("none.pt"), std::string::npos);
}

}  // namespace
}  // namespace qat::test
