// Where a model meets data and files: classes in another order, detectors inside other modules, values and sizes that
// nothing can be computed with.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "export/weights_file.h"
#include "import/checkpoint.h"
#include "models/detector.h"
#include "models/family.h"
#include "passes/pipeline.h"
#include "session/machine_room.h"
#include "session/memory_need.h"
#include "session/model_source.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

const std::vector<std::string> kShapes{"disc", "ring", "square", "triangle", "cross", "star"};

class ModelAndData : public testing::Test {
protected:
    const ScratchFolder scratch;
    SmallJob job{scratch.path()};
    const std::filesystem::path start = scratch.path() / "start.safetensors";

    ModelAndData() {
        job.set("train_params.epochs", "0")
            .set("qat_params.analyze_quantization_effects", "false")
            .set("analysis.measure_layer_error", "false");
    }

    // The small job's model with its classes in another order, named.
    std::string reordered(const std::vector<int64_t>& order, const std::vector<std::string>& names = kShapes,
                          const std::filesystem::path& model = {}) const {
        Graph graph = openModel(model.empty() ? start : model).graph;
        for (const char* part : {"weight", "bias"})
            for (int level = 0; level < 3; ++level) {
                at::Tensor& values = *graph.value(*graph.findValue(str("model.22.cv3.", level, ".2.", part))).data;
                values = values.index_select(0, at::tensor(order)).contiguous();
            }
        graph.info.classNames.clear();
        for (const int64_t i : order) graph.info.classNames.push_back(names[static_cast<size_t>(i)]);
        const auto file = scratch.path() / "reordered.safetensors";
        saveWeights(file, graph);
        return file.string();
    }
    std::string withValue(const std::string& tensor, float value) const {
        Graph graph = openModel(start).graph;
        graph.value(*graph.findValue(tensor)).data->view({-1})[0] = value;
        const auto file = scratch.path() / "value.safetensors";
        saveWeights(file, graph);
        return file.string();
    }
    static std::map<std::string, int> labelsByName(const std::vector<ImageRow>& rows,
                                                   const std::vector<std::string>& names) {
        std::map<std::string, int> counts;
        for (const ImageRow& row : rows)
            for (const LabelBox& label : row.labels) ++counts[names.at(static_cast<size_t>(label.classIndex))];
        return counts;
    }
};

TEST_F(ModelAndData, ClassesInAnotherOrderAreTheSameClasses) {
    for (const auto& [key, value] : {std::pair{"analysis.preview_images", "4"},
                                     {"model.pretrained_path", "builtin:shapes"},
                                     {"data.path", "shapes:train=8,val=8,size=96"},
                                     {"data.imgsz", "96"}})
        job.set(key, value);
    const JobOutcome plain = job.run();
    ASSERT_GT(plain.fp32->of("mAP50"), 0.1) << "the bundled model finds something";
    SmallJob other(scratch.path());
    other.request.overrides = job.request.overrides;
    other.request.out = scratch.path() / "other";
    const std::vector<std::string> names{"star", "cross", "triangle", "ring", "square", "disc"};
    const JobOutcome same =
        other.set("model.pretrained_path", reordered({5, 4, 3, 1, 2, 0}, kShapes, kBundledModel)).run();
    EXPECT_NEAR(same.fp32->score(), plain.fp32->score(), 1e-6);
    EXPECT_NEAR(same.ptq->score(), plain.ptq->score(), 1e-3);
    EXPECT_EQ(labelsByName(other.sink.images, names), labelsByName(job.sink.images, kShapes));
    EXPECT_EQ(readCheckpoint(other.folder() / "weights/final.safetensors").classNames, names)
        << "names belong to outputs";
    EXPECT_NE(readFile(other.folder() / "exports/model.onnx").find("{0: 'star', 1: 'cross'"), std::string::npos);
    const auto isNote = [](const std::string& text) { return text.find("matched by name") != std::string::npos; };
    EXPECT_EQ(std::ranges::count_if(other.sink.logs, isNote), 1);
    EXPECT_EQ(std::ranges::count_if(job.sink.logs, isNote), 0);
}

TEST_F(ModelAndData, AClassThatTheModelLacksIsNamed) {
    job.set("model.pretrained_path",
            reordered({0, 1, 2, 3, 4, 5}, {"disc", "ring", "square", "hexagon", "cross", "star"}));
    const std::string message = job.failure(ErrorKind::BadInput);
    EXPECT_NE(message.find("reordered.safetensors has no class \"triangle\", which is class 3 of shapes"),
              std::string::npos)
        << message;
    job.request.out = scratch.path() / "some";
    job.set("data.classes", "disc,star").set("export.formats", "[]");
    EXPECT_EQ(job.run().status, JobStatus::Completed) << "what does not count need not be known";
}

TEST_F(ModelAndData, ValuesThatAreNotFiniteAreNamedByEveryUse) {
    const std::string file = withValue("model.4.cv1.conv.weight", NAN),
                      sentence = file + ": tensor model.4.cv1.conv.weight has 1 value that is not finite (of 4096)";
    job.set("distillation.enabled", "true").set("distillation.teacher_model", file).set("train_params.epochs", "1");
    EXPECT_EQ(job.failure(ErrorKind::BadInput), sentence) << "a teacher";
    job.request.out = scratch.path() / "own";
    EXPECT_EQ(job.set("model.pretrained_path", file).failure(ErrorKind::BadInput), sentence);
    SmallJob sound(scratch.path());
    sound.request.out = scratch.path() / "sound";
    sound.set("train_params.epochs", "0").set("analysis.enabled", "false").run();
    const auto weights = sound.folder() / "weights/final.safetensors";
    Checkpoint damaged = readCheckpoint(weights);
    damaged.tensors.front().tensor->fill_(INFINITY);
    writeCheckpoint(weights, damaged);
    job.request.out = scratch.path() / "after";
    const std::string message = job.set("model.pretrained_path", sound.folder().string()).failure(ErrorKind::BadInput);
    EXPECT_NE(message.find(sound.folder().string()), std::string::npos) << message;
    EXPECT_NE(message.find("tensor " + damaged.tensors.front().name), std::string::npos) << message;
}

TEST_F(ModelAndData, ADetectorInsideAnotherModuleIsFound) {
    const Checkpoint plain = readCheckpoint(start);
    const OpenedModel expected = openModel(start);
    for (const std::string prefix : {"", "detector.model.", "ema_model.module.model."}) {
        Checkpoint wrapped = plain;
        for (NamedTensor& entry : wrapped.tensors)
            entry.name = prefix + entry.name.substr(std::string("model.").size());
        if (prefix.starts_with("ema"))
            for (const NamedTensor& entry : plain.tensors)
                wrapped.tensors.push_back({"online_" + entry.name, entry.tensor, entry.storedType});
        const auto file = scratch.path() / "wrapped.safetensors";
        writeCheckpoint(file, wrapped);
        const OpenedModel opened = openModel(file);
        EXPECT_EQ(opened.ignored.empty(), !prefix.starts_with("ema"));
        for (const ValueId id : expected.graph.storedValues())
            EXPECT_TRUE(at::equal(*opened.graph.value(id).data, *expected.graph.value(id).data))
                << prefix << expected.graph.value(id).name;
    }
}

TEST_F(ModelAndData, BatchesThatCannotFitAreRefusedFirst) {
    job.set("train_params.batch_size", "4096").set("data.imgsz", "4096");
    const std::string message = job.failure(ErrorKind::BadInput);
    EXPECT_TRUE(message.starts_with("train_params.batch_size 4096 with data.imgsz 4096 takes at least ")) << message;
    EXPECT_EQ(job.sink.begun, std::vector<std::string>{"load"});
    const Graph graph = openModel(start).graph;
    EXPECT_EQ(leastMemory(graph, 2, 64), 2 * leastMemory(graph, 1, 64));
    EXPECT_EQ(leastMemory(graph, 1, 128), 4 * leastMemory(graph, 1, 64));
    EXPECT_GE(leastMemory(graph, 1, 64), 64 * 64 * 3 * 4);
    EXPECT_GT(availableMemory(), 1 << 20);
}

TEST_F(ModelAndData, SizesBetweenTheStepsAreTakenUpInRuns) {
    job.set("data.imgsz", "50").set("analysis.enabled", "false").set("export.formats", "[]").run();
    EXPECT_EQ(readJson(job.folder() / "run_summary.json")["model"]["imgsz"], 64);
    EXPECT_EQ(std::ranges::count(job.sink.logs, "data.imgsz is 50, which is no multiple of 32, so 64 is taken"), 1);
}

// Of a table that no known family has, weights alone would not tell the network.
TEST_F(ModelAndData, WeightsOfATableOfOnesOwnAreReadAsTheSameNetwork) {
    const auto table = scratch.path() / "narrow.yaml";
    writeFileAtomic(table,
                    "nc: 3\nend2end: True\nreg_max: 1\nscales: {p: [0.5, 0.19, 512]}\n"
                    "backbone:\n  - [-1, 1, Conv, [64, 3, 2]]\n  - [-1, 1, Conv, [128, 3, 2]]\n"
                    "  - [-1, 2, C3k2, [256, False, 0.25]]\n  - [-1, 1, Conv, [256, 3, 2]]\n"
                    "head:\n  - [-1, 2, C2PSA, [256]]\n  - [-1, 1, Conv, [256, 3, 2]]\n"
                    "  - [[4, 5], 1, Detect, [nc]]\n");
    Layout layout = tableOfFile(table.string(), readFile(table));
    Random random(3);
    Graph graph = buildDetector(layout, &random);
    for (const bool folded : {false, true}) {
        if (folded) runPasses(graph, PassId::FoldBatchNorms);
        const auto file = scratch.path() / "narrow.safetensors";
        saveWeights(file, graph);
        OpenedModel opened = openModel(file);
        EXPECT_TRUE(opened.ignored.empty());
        EXPECT_EQ(opened.graph.info.architecture, "narrow");
        EXPECT_EQ(opened.graph.info.table, graph.info.table);
        EXPECT_EQ(dumpGraph(opened.graph), dumpGraph(graph)) << (folded ? "folded" : "with batch norms");
    }
}

}  // namespace
}  // namespace qat::test
