// The recipes for YOLOv10 as they are shipped: each runs from calibration to a file, training steadied in three ways,
// and what small models prove lets a larger one through.
#include <gtest/gtest.h>

#include "base/files.h"
#include "session/inspect.h"
#include "session/run_group.h"
#include "session/run_model.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

using nlohmann::json;
using Settings = std::vector<std::pair<std::string, std::string>>;

std::filesystem::path recipe(const std::string& name) {
    return std::filesystem::path(QATELIER_SOURCE_RESOURCES).parent_path() / "configs" / (name + ".yaml");
}

// What a test can afford, all else as shipped.
Settings small() {
    return {{"data.imgsz", "64"},
            {"data.augment.mosaic", "0"},
            {"run.workers", "1"},
            {"calibration.num_batches", "1"},
            {"train_params.batch_size", "4"},
            {"train_params.nominal_batch", "4"},
            {"analysis.enabled", "false"},
            {"analysis.preview_images", "0"},
            {"qc.images", "4"}};
}

constexpr const char* kData = "shapes:train=4,val=2,size=64";

struct Recipe {
    const char *name, *mode;
    int epochs;
};

std::ostream& operator<<(std::ostream& out, const Recipe& recipe) {
    return out << recipe.name;
}

class Yolov10Recipe : public testing::TestWithParam<Recipe> {
protected:
    const ScratchFolder scratch;
};

TEST_P(Yolov10Recipe, RunsFromCalibrationToAFile) {
    const auto& [name, mode, epochs] = GetParam();
    JobRequest request{recipe(name), scratch.path() / "run", kData, small()};
    if (epochs > 0) request.overrides.emplace_back("train_params.epochs", std::to_string(epochs));
    RecordingSink sink;
    CancelToken cancel;
    const JobOutcome outcome = runPipeline(request, sink, cancel);
    EXPECT_EQ(outcome.status, JobStatus::Completed) << (outcome.gates.empty() ? "" : outcome.gates.front());
    const json summary = readJson(request.out / "run_summary.json");
    EXPECT_EQ(summary["model"]["variant"], "yolov10n");
    EXPECT_EQ(summary["quantization"]["mode"], mode);
    EXPECT_EQ(summary["training"]["epochs"], epochs);
    EXPECT_TRUE(std::filesystem::exists(request.out / "exports/model.onnx"));
    const Graph graph = openRun(request.out).graph;
    EXPECT_FALSE(graph.findNode("model.22.m.0.cv1.2.conv1.conv").has_value()) << "merged before it was quantized";
    EXPECT_TRUE(graph.findNode("model.22.m.0.cv1.2.conv.conv.weight.quant").has_value() ||
                graph.findValue("model.22.m.0.cv1.2.conv.conv.weight.scale").has_value());
}

INSTANTIATE_TEST_SUITE_P(All, Yolov10Recipe,
                         testing::Values(Recipe{"yolov10_w4a16", "w4-8afp16", 1}, Recipe{"yolov10_w4a8", "w4-8a8", 1},
                                         Recipe{"yolov10_w8a16", "w8afp16", 0}, Recipe{"yolov10_w8a8", "w8a8", 1}),
                         [](const auto& info) { return std::string(info.param.name).substr(8); });

// What `check --layers` and the window show is what a run quantizes.
TEST(MergedLayers, AreOneInTheDescriptionOfAConfiguration) {
    Config config;
    config.model.architecture = "yolov9", config.model.variant = "t";
    config.data.imgsz = 64;
    const auto rep = [](const LayerInfo& layer) { return layer.name.ends_with(".cv1.conv1.conv"); };
    const ModelDescription quantized = describeModel(config);
    EXPECT_EQ(quantized.layers.size(), 227u - 42u);
    EXPECT_EQ(std::ranges::count_if(quantized.layers, rep), 42);
    for (const LayerInfo& layer : quantized.layers)
        if (rep(layer)) {
            EXPECT_EQ(layer.unit, (std::vector<std::string>{"conv", "bn", "silu"})) << layer.name;
        }
    config.train.quantize = false;
    EXPECT_EQ(describeModel(config).layers.size(), 227u) << "branches are what is trained in float";
}

class Yolov10Gate : public testing::Test {
protected:
    const ScratchFolder scratch;
    const std::filesystem::path group = scratch.path() / "group";
    RecordingSink sink;
    CancelToken cancel;

    Settings settings(const std::string& variant) const {
        Settings all = small();
        for (const auto& [key, value] : Settings{{"model.variant", variant},
                                                 {"train_params.epochs", "1"},
                                                 {"export.formats", "[]"},
                                                 {"analysis.generate_visualization", "false"}})
            all.emplace_back(key, value);
        return all;
    }
    GroupOutcome runs(const std::string& variant, std::vector<std::string> methods, std::vector<int64_t> seeds) {
        GroupRequest request;
        request.config = recipe("yolov10_w4a16");
        request.out = group;
        request.data = kData;
        request.overrides = settings(variant);
        request.methods = std::move(methods);
        request.seeds = std::move(seeds);
        return runGroup(request, sink, cancel);
    }
    // A run of an m that stops where it would begin to load.
    JobOutcome large() {
        JobRequest request{recipe("yolov10_w4a16"), scratch.path() / "m", kData, settings("m")};
        request.overrides.emplace_back("gate.evidence", group.string());
        RecordingSink events;
        CancelToken stop;
        events.onStage = [&](std::string_view) { stop.request(StopLevel::FinishBatch); };
        return runPipeline(request, events, stop);
    }
    // As if the runs had learned what there is to learn, for which they are too short.
    void makeStable() const {
        for (const auto& entry : std::filesystem::directory_iterator(group)) {
            const auto file = entry.path() / "run_summary.json";
            if (!std::filesystem::exists(file)) continue;
            json summary = readJson(file);
            summary["stability"]["outcome"] = "stable";
            writeFileAtomic(file, summary.dump());
        }
    }
};

TEST_F(Yolov10Gate, LetsAnMThroughAfterTwoStableRunsOfNAndOfS) {
    EXPECT_EQ(runs("n", {"baseline", "ema"}, {0}).failed, std::vector<std::string>{});
    const GroupOutcome small = runs("n", {"ema+qc"}, {0, 1});
    EXPECT_EQ(small.failed, std::vector<std::string>{});
    EXPECT_EQ(small.rows.size(), 3u) << "the three methods";
    const JobOutcome closed = large();
    EXPECT_EQ(closed.status, JobStatus::NotStarted);
    EXPECT_EQ(closed.gates.at(0),
              "model.variant is m, which needs 2 stable runs of ema+qc on n and on s and no other: there are 0 of 2 on "
              "n and 0 of 2 on s")
        << "an epoch of four pictures teaches nothing, which is not stable";
    makeStable();
    EXPECT_TRUE(large().gates.at(0).ends_with("there are 0 of 2 on s"));
    EXPECT_EQ(runs("s", {"ema+qc"}, {0, 1}).failed, std::vector<std::string>{});
    makeStable();
    EXPECT_NE(large().status, JobStatus::NotStarted);
    EXPECT_EQ(readJson(scratch.path() / "m/run_summary.json")["stage_gate"], "open");
}

}  // namespace
}  // namespace qat::test
