// A table of layers as model.architecture: the whole job, what its folder needs of it later, and what is refused.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "export/weights_file.h"
#include "import/checkpoint.h"
#include "models/family.h"
#include "models/weights.h"
#include "session/export_run.h"
#include "session/input_size.h"
#include "session/inspect.h"
#include "session/model_source.h"
#include "session/run_model.h"
#include "session/table_job.h"

namespace qat::test {
namespace {

using nlohmann::json;

class TableRun : public testing::Test {
protected:
    const ScratchFolder scratch;
    TableJob job{scratch.path()};

    // Calibration and measuring only.
    static TableJob& brief(TableJob& job) {
        for (const char* key : {"analysis.enabled", "analysis.generate_visualization"}) job.set(key, "false");
        job.set("train_params.epochs", "0").set("export.formats", "[]");
        return job;
    }
    std::string refusal(TableJob& refused) {
        refused.request.out = scratch.path() / "refused";
        const std::string sentence = refused.failure(ErrorKind::BadInput);
        std::filesystem::remove_all(refused.request.out);
        return sentence;
    }
    std::filesystem::path inFolder(const char* name) const {
        std::filesystem::create_directory(scratch.path() / name);
        return scratch.path() / name;
    }
};

TEST_F(TableRun, GoesThroughAllStagesAndNeedsItsFileNoMore) {
    job.set("ema.enabled", "true").set("qc.enabled", "true").set("export.validate", "true");
    EXPECT_EQ(job.run().status, JobStatus::Completed);
    const json summary = readJson(job.folder() / "run_summary.json");
    EXPECT_EQ(summary["model"]["variant"], "small-n");
    EXPECT_EQ(summary["model"]["checkpoint"], job.file.string());
    EXPECT_EQ(readFile(job.folder() / "architecture.yaml"), smallTable());
    std::filesystem::remove(job.file);
    const std::filesystem::path moved = scratch.path() / "moved";
    std::filesystem::rename(job.folder(), moved);
    const Graph graph = openRun(moved).graph;
    EXPECT_EQ(titleOf(graph.info), "small-n");
    EXPECT_EQ(graph.info.numClasses, 6) << "of the data, not of the table";
    EXPECT_EQ(graph.info.strides, (std::vector<int64_t>{8, 16}));
    EXPECT_GT(describeModel(moved, 64).layers.size(), 20u);
    RecordingSink sink;
    CancelToken cancel;
    EXPECT_EQ(exportModel({moved, scratch.path() / "exported", {}}, sink, cancel).size(), 1u);
}

TEST_F(TableRun, ResumesWithoutItsFileInTheSameBits) {
    TableJob whole(inFolder("whole")), stopped(inFolder("parts")), rest(scratch.path() / "parts");
    for (TableJob* each : {&whole, &stopped, &rest}) each->set("analysis.enabled", "false").set("export.formats", "[]");
    whole.run();
    stopped.sink.onStage = [&](std::string_view begun) {
        if (begun == "train") stopped.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_EQ(stopped.run().status, JobStatus::Cancelled);
    rest.request.resume = true;
    writeFileAtomic(rest.file, smallTable("[-1, 1, Conv, [32, 3, 1]]"));
    EXPECT_EQ(rest.failure(ErrorKind::BadInput),
              str("cannot resume ", rest.folder().string(), ": the table of layers in ", rest.file.string(),
                  " is not that it began with"));
    std::filesystem::remove(rest.file);
    EXPECT_EQ(rest.run().status, JobStatus::Completed);
    EXPECT_EQ(readFile(rest.folder() / "weights/final.safetensors"),
              readFile(whole.folder() / "weights/final.safetensors"));
}

TEST_F(TableRun, TheVariantIsAScale) {
    const Config config = resolvedConfig(job.request);
    EXPECT_EQ(config.model.variant, "n") << "as the file states it";
    EXPECT_EQ(openModel(config, 3).graph.info.variant, "n");
    EXPECT_EQ(openModel(config, 3).graph.info.numClasses, 3);
    EXPECT_EQ(openModel(config, 0).graph.info.numClasses, 80) << "as the table says";
    job.set("model.variant", "").set("model.num_classes", "9");
    const OpenedModel first = openModel(resolvedConfig(job.request), 3);
    EXPECT_EQ(first.graph.info.variant, "s") << "the first in the order of the file";
    EXPECT_EQ(first.graph.info.numClasses, 9);
    writeFileAtomic(job.request.config, "model:\n  architecture: small.yaml\n");
    const Config bare = loadConfig(job.request.config);
    EXPECT_EQ(bare.model.architecture, job.file.string());
    EXPECT_EQ(bare.model.variant, "");
}

TEST_F(TableRun, WrongTablesEndInOneSentence) {
    brief(job).set("model.variant", "q");
    EXPECT_EQ(refusal(job), str(job.file.string(), ": there is no scale \"q\": it is one of n, s"));
    TableJob unscaled(inFolder("unscaled"),
                      "nc: 3\nbackbone:\n  - [-1, 1, Conv, [8, 3, 2]]\nhead:\n  - [-1, 1, Detect, [nc]]\n");
    EXPECT_EQ(refusal(unscaled),
              str("model.variant is n, but ", unscaled.file.string(), " has no scales: leave it empty"));
    TableJob unknown(inFolder("unknown"), smallTable("[-1, 1, Wonder, [32]]"));
    EXPECT_EQ(refusal(unknown), str(unknown.file.string(), ": no module is called Wonder (row 2)"));
    TableJob lost(inFolder("lost"));
    std::filesystem::remove(lost.file);
    EXPECT_NE(lost.failure(ErrorKind::Io).find(lost.file.string()), std::string::npos);
    TableJob swapped(inFolder("swapped"));
    swapped.set("model.architecture", "yolov8").set("model.pretrained_path", swapped.file.string());
    EXPECT_NE(refusal(swapped).find("holds no weights: it goes into model.architecture"), std::string::npos);
}

TEST_F(TableRun, WeightsMustFit) {
    brief(job).run();
    const std::string run = job.folder().string(), file = run + "/weights/final.safetensors";
    TableJob again(scratch.path());
    again.request.out = scratch.path() / "again";
    brief(again).set("model.pretrained_path", run).run();
    const auto weight = [](const std::filesystem::path& folder) {
        const Graph graph = floatForm(openRun(folder).graph);
        return *graph.value(*graph.findValue("model.4.cv1.conv.weight")).data;
    };
    EXPECT_TRUE(at::equal(weight(again.folder()), weight(job.folder())));
    again.request.out = scratch.path() / "file";
    again.sink.logs.clear();
    brief(again).set("model.pretrained_path", file).run();
    EXPECT_TRUE(at::equal(weight(again.folder()), weight(job.folder())));
    const auto unused = [](const std::string& line) {
        return line.find("entries are not used: ") != std::string::npos;
    };
    EXPECT_EQ(std::ranges::count_if(again.sink.logs, unused), 1) << "quantizers, in one sentence";
    again.set("model.variant", "s");
    EXPECT_EQ(refusal(again), str(file,
                                  ": model.0.conv.weight has shape [8, 3, 3, 3], expected [16, 3, 3, 3] "
                                  "(model.architecture is ",
                                  again.file.string(), ")"));
    again.set("model.variant", "n");
    writeFileAtomic(again.file, smallTable("[-1, 1, Conv, [32, 3, 1]]"));
    EXPECT_NE(refusal(again).find("no entry model.2.conv"), std::string::npos);
    writeFileAtomic(again.file, smallTable("[-1, 1, nn.Identity, []]"));
    const std::string other = refusal(again);
    EXPECT_TRUE(other.starts_with(file + ": model.2.")) << other;
    EXPECT_NE(other.find("weight belongs to a layer that the network has not"), std::string::npos) << other;
}

TEST_F(TableRun, SidesAreMultiplesOfTheCoarsestStride) {
    TableJob coarse(inFolder("coarse"), smallTable("[-1, 1, C2f, [32, True]]", true));
    brief(coarse).set("data.rect", "true");
    EXPECT_EQ(coarse.run().status, JobStatus::Completed) << "rectangles are padded to it too";
    TableJob refused(scratch.path() / "coarse");
    refused.set("data.imgsz", "96");
    EXPECT_EQ(refusal(refused), "data.imgsz is 96, but small-n takes multiples of 64: 128 would do");
}

TEST(SideStep, MapsThatAttentionCutsIntoAreasHaveWholeOnes) {
    const auto step = [](const char* rows) {
        const ScratchFolder scratch;
        writeFileAtomic(scratch.path() / "t.yaml",
                        str("nc: 3\nbackbone:\n", rows, "head:\n  - [-1, 1, Detect, [nc]]\n"));
        return sideStep(openModel(scratch.path() / "t.yaml").graph);
    };
    EXPECT_EQ(step("  - [-1, 1, Conv, [64, 3, 16]]\n  - [-1, 1, A2C2f, [64, True, 4]]\n"), 32);
    EXPECT_EQ(step("  - [-1, 1, Conv, [64, 3, 32]]\n  - [-1, 1, A2C2f, [64, True, 4]]\n"), 64);
    EXPECT_EQ(step("  - [-1, 1, Conv, [64, 3, 32]]\n  - [-1, 1, A2C2f, [64, True, 1]]\n"), 32);
    EXPECT_EQ(sideStep(openModel("yolo12n").graph), 32);
}

}  // namespace
}  // namespace qat::test
