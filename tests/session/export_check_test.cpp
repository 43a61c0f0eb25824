// What a run writes, what `export RUN` writes of it, and what comes of an outside runtime that refuses, breaks or is
// not there.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "base/files.h"
#include "export/runtime_check.h"
#include "export/weights_file.h"
#include "session/export_run.h"
#include "session/model_source.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

using nlohmann::json;

struct CheckedJob : SmallJob {
    CheckedJob(const std::filesystem::path& scratch, const std::string& folder) : SmallJob(scratch) {
        request.out = scratch / folder;
        set("analysis.enabled", "false")
            .set("analysis.generate_visualization", "false")
            .set("train_params.epochs", "0");
    }
};

class ExportCheck : public testing::Test {
protected:
    const ScratchFolder scratch;
    const std::string path = std::getenv("PATH"), modules = variable("QATELIER_NODE_MODULES"),
                      resources = variable("QATELIER_RESOURCES");

    static std::string variable(const char* name) {
        const char* value = std::getenv(name);
        return value ? value : "";
    }
    ~ExportCheck() override {
        setenv("PATH", path.c_str(), 1);
        for (const auto& [name, value] :
             {std::pair{"QATELIER_NODE_MODULES", modules}, {"QATELIER_RESOURCES", resources}})
            value.empty() ? unsetenv(name) : setenv(name, value.c_str(), 1);
    }

    // A `node` that does as the script says; $OUT is the folder for the answer.
    void installNode(const std::string& script) const {
        const auto folder = scratch.path() / "fake";
        std::filesystem::create_directories(folder / "bin");
        std::filesystem::create_directories(folder / "runners/node_modules/onnxruntime-node");
        writeFileAtomic(folder / "runners/run_onnx.mjs", "// never run");
        writeFileAtomic(folder / "runners/node_modules/onnxruntime-node/package.json", "{}");
        writeFileAtomic(folder / "bin/node",
                        "#!/bin/sh\nwhile [ $# -gt 0 ]; do [ \"$1\" = --out ] && OUT=$2; shift; done\n" + script);
        std::filesystem::permissions(folder / "bin/node", std::filesystem::perms::owner_all);
        setenv("QATELIER_RESOURCES", folder.c_str(), 1);
        setenv("PATH", ((folder / "bin").string() + ":" + path).c_str(), 1);
        unsetenv("QATELIER_NODE_MODULES");
    }
    // The one check of a run's summary.
    static json checkOf(const SmallJob& job) {
        return readJson(job.folder() / "run_summary.json")["artifacts"]["export_checks"].at(0);
    }
    static const json& eventOf(const std::vector<json>& events) {
        return *std::ranges::find_if(events, [](const json& event) { return event["type"] == "export"; });
    }
};

// With every option and kind of model in which preparing them twice could differ.
TEST_F(ExportCheck, RunAndExportWriteTheSameBytes) {
    const std::vector<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>> kinds{
        {"trained", {{"train_params.epochs", "1"}}},
        {"plain",
         {{"export.include_metadata", "false"},
          {"export.include_quant_params", "false"},
          {"export.simplify", "false"}}},
        {"unfused",
         {{"qat_params.fuse_modules", "false"}, {"repair.bias_correction", "true"}, {"repair.samples", "2"}}},
        {"tensor", {{"quantization.weight.scheme", "per_tensor"}, {"qc.enabled", "true"}, {"qc.lr", "0.05"}}},
        {"float", {{"train_params.quantize", "false"}, {"train_params.epochs", "1"}}}};
    for (const auto& [name, settings] : kinds) {
        CheckedJob run(scratch.path(), name);
        for (const auto& [key, value] : settings) run.set(key, value);
        run.run();
        NullSink sink;
        const auto files =
            exportModel({run.folder(), scratch.path() / (name + "-files"), {"onnx"}}, sink, CancelToken());
        EXPECT_TRUE(readFile(files.at(0).path) == readFile(run.folder() / "exports/model.onnx")) << name;
        EXPECT_EQ(files[0].check.result, CheckResult::NotChecked) << "export.validate is false";
    }
}

TEST_F(ExportCheck, ARefusalIsAFailedGateInOurWords) {
    installNode(
        R"(printf '{"runtime":"onnxruntime-node 9.9.9","refused":"Non-zero status code returned while running QuantizeLinear node. Name:%smodel.0.conv.quant%s Status Message: /src/core/qdq.cc:12 void Prepare(int) x == 1 was false"}' "'" "'" > $OUT/outputs.json
echo '/src/core/qdq.cc:12 boom' >&2; exit 2)");
    CheckedJob run(scratch.path(), "run");
    const JobOutcome outcome = run.set("export.validate", "true").run();
    EXPECT_EQ(outcome.status, JobStatus::GateFailed);
    const json summary = readJson(run.folder() / "run_summary.json");
    EXPECT_EQ(summary["status"], "completed-success") << "the run is finished";
    const std::string sentence =
        "onnxruntime-node 9.9.9 refuses model.onnx at node model.0.conv.quant (QuantizeLinear)";
    EXPECT_EQ(summary["gates"], json::array({sentence}));
    EXPECT_EQ(checkOf(run), (json{{"format", "onnx"},
                                  {"file", "exports/model.onnx"},
                                  {"result", "failed"},
                                  {"runtime", "onnxruntime-node"},
                                  {"version", "9.9.9"},
                                  {"sentence", sentence},
                                  {"bytes", std::filesystem::file_size(run.folder() / "exports/model.onnx")},
                                  {"notes", json::array()}}));
    const auto events = readEvents(run.folder());
    EXPECT_EQ(eventOf(events)["result"], "failed");
    NullSink sink;
    const auto files = exportModel({run.folder(), scratch.path() / "files", {"onnx"}}, sink, CancelToken());
    EXPECT_EQ(files.at(0).check.result, CheckResult::Failed);
    EXPECT_EQ(files[0].check.sentence, sentence);
}

TEST_F(ExportCheck, ABrokenRuntimeIsANote) {
    const std::vector<std::pair<std::string, std::string>> ways{
        {"echo 'x.mjs:41: ort.Tensor is not a constructor' >&2; exit 1", "Node.js ended with status 1"},
        {"kill -9 $$", "Node.js ended with status 137"},
        {"echo '{' > $OUT/outputs.json; exit 0", "cannot be read"},
        {"exit 0", "no complete answer"}};
    for (size_t i = 0; i < ways.size(); ++i) {
        installNode(ways[i].first);
        CheckedJob run(scratch.path(), "run" + std::to_string(i));
        EXPECT_EQ(run.set("export.validate", "true").run().status, JobStatus::Completed);
        const json check = checkOf(run);
        EXPECT_EQ(check["result"], "not_checked");
        const std::string sentence = check["sentence"];
        EXPECT_TRUE(sentence.starts_with("the exported file was not checked: ")) << sentence;
        EXPECT_NE(sentence.find(ways[i].second), std::string::npos) << sentence;
        EXPECT_EQ(sentence.find("constructor"), std::string::npos) << sentence;
    }
}

// Node.js knows no such paths; that says nothing of the file.
TEST_F(ExportCheck, APathThatIsNotUtf8IsNotChecked) {
    installNode("exit 2");
    CheckedJob run(scratch.path(), "run");
    run.run();
    NullSink sink;
    std::string text = readFile(run.folder() / "config.yaml");
    const size_t at = text.find("validate: false");
    writeFileAtomic(run.folder() / "config.yaml", text.replace(at, 15, "validate: true"));
    const auto files = exportModel({run.folder(), scratch.path() / "caf\xE9", {"onnx"}}, sink, CancelToken());
    EXPECT_EQ(files.at(0).check.result, CheckResult::NotChecked);
    EXPECT_EQ(files[0].check.sentence, "the exported file was not checked: its path is not UTF-8");
    EXPECT_TRUE(std::filesystem::exists(files[0].path));
}

// A user's own file of the name that codes are compared through stays, and no boxes are no agreement of boxes.
TEST_F(ExportCheck, WithoutBoxesThereIsNothingToCompareThem) {
    if (!missingOnnxRuntime().empty()) GTEST_SKIP() << "left out: " << missingOnnxRuntime();
    const auto start = scratch.path() / "start.safetensors";
    CheckedJob run(scratch.path(), "run");
    Graph graph = openModel(start).graph;
    for (int level = 0; level < 3; ++level)
        graph.value(*graph.findValue(str("model.22.cv3.", level, ".2.bias"))).data->fill_(-20);
    saveWeights(start, graph);
    makeWritableFolder(run.folder() / "exports");
    writeFileAtomic(run.folder() / "exports/codes.onnx", "mine");
    EXPECT_EQ(run.set("export.validate", "true").run().status, JobStatus::Completed);
    const std::string sentence = checkOf(run)["sentence"];
    EXPECT_EQ(checkOf(run)["result"], "passed") << sentence;
    EXPECT_NE(sentence.find(" images: no boxes to compare, "), std::string::npos) << sentence;
    EXPECT_EQ(sentence.find("%"), std::string::npos) << sentence;
    EXPECT_EQ(readFile(run.folder() / "exports/codes.onnx"), "mine");
}

// The data may be gone by the time; a file is written all the same.
TEST_F(ExportCheck, WithoutDataItIsNotChecked) {
    installNode("exit 0");
    CheckedJob run(scratch.path(), "run");
    run.set("export.validate", "true").run();
    std::string text = readFile(run.folder() / "config.yaml");
    const size_t at = text.find("shapes:train=8");
    text.replace(at, text.find('\n', at) - at, "/nowhere/data.yaml\"");
    writeFileAtomic(run.folder() / "config.yaml", text);
    NullSink sink;
    const auto files = exportModel({run.folder(), scratch.path() / "files", {"onnx"}}, sink, CancelToken());
    EXPECT_EQ(files.at(0).check.result, CheckResult::NotChecked);
    EXPECT_NE(files[0].check.sentence.find("/nowhere/data.yaml"), std::string::npos) << files[0].check.sentence;
    EXPECT_TRUE(std::filesystem::exists(files[0].path));
}

// Known before anything is computed, and only where a file is wanted.
TEST_F(ExportCheck, WhatTheRuntimeWillRefuseIsSaidAtTheStart) {
    const auto warned = [](const SmallJob& job) {
        return std::ranges::any_of(job.sink.logs, [](const std::string& text) {
            return text.starts_with("ONNX Runtime will refuse the exported file: ");
        });
    };
    for (const char* formats : {"[onnx]", "[]"}) {
        CheckedJob run(scratch.path(), std::string("run") + formats);
        std::string text = readFile(run.request.config);
        text.insert(text.find("  use_lsq:"),
                    "  fusion_patterns:\n    - {pattern: \".*\", modules: [\"conv\", \"bn\"], fuser_method: "
                    "\"fuse_conv_bn\"}\n");
        writeFileAtomic(run.request.config, text);
        run.set("quantization.activation.scheme", "per_channel")
            .set("qat_params.use_lsq", "false")
            .set("export.formats", formats);
        run.sink.onStage = [&](std::string_view stage) {
            if (stage == "calibrate") run.cancel.request(StopLevel::FinishBatch);
        };
        run.run();
        EXPECT_EQ(warned(run), std::string(formats) == "[onnx]") << formats;
    }
}

}  // namespace
}  // namespace qat::test
