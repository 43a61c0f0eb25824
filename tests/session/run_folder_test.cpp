// What a finished run leaves behind: every file of the contract, each in its form.
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <map>
#include <opencv2/imgcodecs.hpp>
#include <set>
#include <sstream>

#include "base/files.h"
#include "config/config_io.h"
#include "import/checkpoint.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

using nlohmann::json;

const std::vector<std::string> kStages{"load",    "calibrate", "evaluate_fp32", "evaluate_ptq",
                                       "analyze", "train",     "evaluate",      "export"};

void expectEvents(const std::filesystem::path& folder) {
    const auto events = readEvents(folder);
    ASSERT_GT(events.size(), 20u);
    EXPECT_EQ(events.front()["type"], "run");
    for (const char* key : {"run_id", "time", "model", "quantization", "data", "epochs", "stages", "resumed"})
        EXPECT_TRUE(events.front().contains(key)) << key;
    EXPECT_EQ(events.front()["stages"], kStages);
    EXPECT_EQ(events.front()["resumed"], false);
    EXPECT_EQ(events.back()["type"], "end");
    EXPECT_EQ(events.back()["status"], "completed-success");
    EXPECT_TRUE(events.back()["error"].is_null());
    const std::map<std::string, std::vector<const char*>> keys{
        {"run", {}},
        {"end", {}},
        {"metrics", {"task", "metrics"}},
        {"stage", {"stage", "state"}},
        {"progress", {"stage", "done", "total"}},
        {"scalar", {"series", "x", "value"}},
        {"layer", {"table", "layer", "bits", "epoch", "metrics"}},
        {"image", {"image", "width", "height", "preview", "stage", "fp32", "quantized", "labels"}},
        {"export", {"format", "file", "bytes", "result", "runtime", "version", "sentence", "notes"}},
        {"log", {"level", "source", "text"}}};
    double before = 0;
    std::set<std::string> series, tables, types;
    std::vector<std::string> begun, ended;
    for (const json& event : events) {
        const auto known = keys.find(event["type"].get<std::string>());
        ASSERT_NE(known, keys.end()) << event;
        types.insert(known->first);
        for (const char* key : known->second) EXPECT_TRUE(event.contains(key)) << event;
        EXPECT_GE(event["t"].get<double>(), before);
        before = event["t"];
        if (known->first == "scalar") series.insert(event["series"]);
        if (known->first == "layer") tables.insert(event["table"]);
        if (known->first == "stage") (event["state"] == "begin" ? begun : ended).push_back(event["stage"]);
    }
    EXPECT_EQ(types.size(), keys.size());
    EXPECT_EQ(begun, kStages);
    EXPECT_EQ(ended, kStages);
    EXPECT_EQ(tables, (std::set<std::string>{"error", "sensitivity", "oscillation", "quantizer"}));
    for (const char* name :
         {"train/box_loss", "train/cls_loss", "train/dfl_loss", "lr/pg0", "lr/pg1", "lr/pg2", "metrics/precision(B)",
          "metrics/recall(B)", "metrics/mAP50(B)", "metrics/mAP50-95(B)", "fp32/mAP50-95", "fp32/mAP50", "ptq/mAP50-95",
          "ptq/mAP50", "final/mAP50-95", "final/mAP50", "oscillation/share"})
        EXPECT_TRUE(series.contains(name)) << name;
}

void expectImages(const std::filesystem::path& folder) {
    std::map<std::string, int> stages;
    for (const json& event : readEvents(folder)) {
        if (event["type"] != "image") continue;
        ++stages[event["stage"]];
        EXPECT_EQ(event["width"], 64);
        const cv::Mat preview = cv::imread((folder / event["preview"].get<std::string>()).string());
        EXPECT_EQ(preview.cols, 64) << event["preview"];
        EXPECT_FALSE(event["fp32"].empty());
        EXPECT_FALSE(event["labels"].empty());
        for (const json& found : event["fp32"]) {
            EXPECT_TRUE(found["name"].is_string() && found["class"].is_number_integer());
            EXPECT_TRUE(found["score"] > 0 && found["score"] <= 1);
            ASSERT_EQ(found["box"].size(), 4u);
            for (const json& side : found["box"]) EXPECT_TRUE(side >= 0 && side <= 64);
        }
    }
    EXPECT_EQ(stages, (std::map<std::string, int>{{"ptq", 3}, {"qat", 3}}));
}

void expectResults(const std::filesystem::path& folder) {
    std::ifstream file(folder / "results.csv");
    std::vector<std::vector<std::string>> rows;
    for (std::string line; std::getline(file, line);) {
        rows.emplace_back();
        std::istringstream cells(line);
        for (std::string cell; std::getline(cells, cell, ',');) {
            EXPECT_EQ(cell.size(), 23u) << cell;
            rows.back().push_back(cell.substr(cell.find_first_not_of(' ')));
        }
    }
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0], (std::vector<std::string>{"epoch", "train/box_loss", "train/cls_loss", "train/dfl_loss",
                                                 "metrics/precision(B)", "metrics/recall(B)", "metrics/mAP50(B)",
                                                 "metrics/mAP50-95(B)", "lr/pg0", "lr/pg1", "lr/pg2",
                                                 "metrics/raw/mAP50(B)", "metrics/raw/mAP50-95(B)"}));
    ASSERT_EQ(rows[1].size(), rows[0].size());
    EXPECT_EQ(rows[1][0], "1");
    for (const auto& cell : rows[1]) EXPECT_NO_THROW(static_cast<void>(std::stod(cell))) << cell;
    EXPECT_GT(std::stod(rows[1][1]), 0);
}

void expectSummary(const std::filesystem::path& folder) {
    const json summary = readJson(folder / "run_summary.json");
    for (const char* key :
         {"schema_version", "run_id", "created_at", "versions", "model", "quantization", "method", "dataset",
          "training", "resolved_config", "artifacts", "metrics", "stability", "status", "error"})
        EXPECT_TRUE(summary.contains(key)) << key;
    EXPECT_EQ(summary["status"], "completed-success");
    EXPECT_TRUE(summary["error"].is_null());
    EXPECT_EQ(summary["model"]["variant"], "yolov8n");
    EXPECT_EQ(summary["model"]["imgsz"], 64);
    EXPECT_EQ(summary["model"]["sha256"].get<std::string>().size(), 64u);
    EXPECT_EQ(summary["quantization"]["mode"], "w4a8");
    EXPECT_EQ(summary["dataset"]["train_images"], 8);
    EXPECT_EQ(summary["dataset"]["val_images"], 4);
    EXPECT_EQ(summary["metrics"]["history"].size(), 1u);
    EXPECT_EQ(summary["stability"]["collapse_threshold_ratio"], 0.5);
    EXPECT_EQ(summary["stability"]["collapsed"], false);
    EXPECT_LT(summary["size"]["quantized_bytes"].get<int64_t>(), summary["size"]["fp32_bytes"].get<int64_t>() / 6);
    EXPECT_EQ(summary["artifacts"]["exports"], json::array({"exports/model.onnx"}));
    EXPECT_EQ(summary["artifacts"]["export_checks"][0]["result"], "not_checked");
    for (const json& file : summary["artifacts"]["weights"])
        EXPECT_TRUE(std::filesystem::exists(folder / file.get<std::string>())) << file;
    EXPECT_TRUE(readConfig(summary["resolved_config"].get<std::string>()).valid());
}

void expectLayers(const std::filesystem::path& folder) {
    const json layers = readJson(folder / "layers.json");
    ASSERT_EQ(layers.size(), 63u);
    for (const json& layer : layers)
        for (const char* key :
             {"name", "aliases", "op", "weight_shape", "output_shape", "parameters", "macs", "weight_bits",
              "activation_bits", "observer", "weight_origin", "activation_origin", "scale_group"})
            EXPECT_TRUE(layer.contains(key)) << key;
    EXPECT_EQ(layers[0]["name"], "model.0.conv");
    EXPECT_EQ(layers[0]["weight_shape"], json::array({16, 3, 3, 3}));
    EXPECT_EQ(layers[0]["output_shape"], json::array({1, 16, 32, 32}));
    EXPECT_EQ(layers[0]["macs"], 16 * 27 * 32 * 32);
    EXPECT_EQ(layers[0]["weight_bits"], 4);
    EXPECT_EQ(layers[0]["weight_origin"], "line 14");
    EXPECT_EQ(layers.back()["weight_bits"], 8);
    EXPECT_EQ(layers.back()["weight_origin"], "head policy");
}

TEST(RunFolder, HoldsEveryFileOfTheContract) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    const JobOutcome outcome = job.run();
    EXPECT_EQ(outcome.status, JobStatus::Completed);
    EXPECT_TRUE(outcome.fp32 && outcome.ptq && outcome.final);
    EXPECT_EQ(outcome.validationImages, 4);
    const auto& run = job.folder();
    EXPECT_EQ(readFile(run / "user_config.yaml"), readFile(job.request.config));
    EXPECT_EQ(loadConfig(run / "config.yaml").data.imgsz, 64);
    for (const char* name : {"last", "best", "final"}) {
        const Checkpoint weights = readCheckpoint(run / "weights" / (std::string(name) + ".safetensors"));
        EXPECT_EQ(weights.classNames.size(), 6u) << name;
        EXPECT_NE(weights.find("model.0.conv.weight.scale"), nullptr) << name;
    }
    EXPECT_TRUE(std::filesystem::exists(run / "checkpoint/train_state.safetensors"));
    EXPECT_GT(std::filesystem::file_size(run / "exports/model.onnx"), 1000000u);
    EXPECT_EQ(readJson(run / "layer-sensitivity-report.json")["layer_sensitivity"].size(), 63u);
    EXPECT_TRUE(std::filesystem::exists(run / "layer-sensitivity-report.md"));
    expectEvents(run);
    expectImages(run);
    expectResults(run);
    expectSummary(run);
    expectLayers(run);
}

TEST(RunFolder, QuantizingWithoutTrainingListsOnlyWhatItWrote) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    job.set("train_params.epochs", "0").set("analysis.enabled", "false");
    const JobOutcome outcome = job.run();
    EXPECT_TRUE(outcome.ptq && !outcome.final);
    const json summary = readJson(job.folder() / "run_summary.json");
    EXPECT_EQ(summary["artifacts"]["weights"], json::array({"weights/final.safetensors"}));
    EXPECT_EQ(summary["metrics"]["ptq"]["mAP50"], outcome.ptq->of("mAP50"));
    EXPECT_TRUE(summary["metrics"]["final"].is_null());
}

TEST(RunFolder, AnalysisJobsStopAfterTheAnalysis) {
    for (const JobKind kind : {JobKind::Sensitivity, JobKind::LayerError}) {
        const ScratchFolder scratch;
        SmallJob job(scratch.path());
        job.request.kind = kind;
        EXPECT_EQ(job.run().status, JobStatus::Completed);
        EXPECT_EQ(job.sink.begun, (std::vector<std::string>{"load", "calibrate", "analyze"}));
        EXPECT_EQ(std::filesystem::exists(job.folder() / "layer-sensitivity-report.json"),
                  kind == JobKind::Sensitivity);
        std::set<std::string> tables;
        for (const LayerRow& row : job.sink.layers) tables.insert(row.table);
        EXPECT_EQ(tables, std::set<std::string>{kind == JobKind::Sensitivity ? "sensitivity" : "error"});
    }
}

TEST(RunFolder, TrainingInFloatHasNoQuantizerFiles) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    const JobOutcome outcome = job.set("train_params.quantize", "false").run();
    EXPECT_TRUE(outcome.fp32 && outcome.final && !outcome.ptq);
    EXPECT_EQ(job.sink.begun, (std::vector<std::string>{"load", "evaluate_fp32", "train", "evaluate", "export"}));
    EXPECT_EQ(readJson(job.folder() / "layers.json")[0]["weight_bits"], 0);
}

}  // namespace
}  // namespace qat::test
