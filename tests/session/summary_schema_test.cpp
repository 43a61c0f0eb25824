// run_summary.json against its published schema, however a run ends.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/sha256.h"
#include "session/small_job.h"
#include "session/summary.h"
#include "support/json_schema.h"
#include "task/detect_metrics.h"

namespace qat::test {
namespace {

using nlohmann::json;

const json& schema() {
    static const json read =
        readJson(std::filesystem::path(QATELIER_SOURCE_RESOURCES) / "docs/run_summary.schema.json");
    return read;
}

class SummarySchema : public testing::Test {
protected:
    const ScratchFolder scratch;
    SmallJob job{scratch.path()};

    SummarySchema() { job.set("analysis.enabled", "false").set("analysis.preview_images", "0"); }
    json summary() const { return readJson(job.folder() / "run_summary.json"); }
    void expectValid() const { EXPECT_EQ(schemaErrors(schema(), summary()), std::vector<std::string>{}); }
};

TEST_F(SummarySchema, HoldsForTrainingWithCorrection) {
    job.set("qc.enabled", "true").run();
    expectValid();
}

TEST_F(SummarySchema, HoldsForCalibrationAlone) {
    job.set("train_params.epochs", "0").set("export.formats", "[]").run();
    expectValid();
    EXPECT_TRUE(summary()["artifacts"]["results_csv"].is_null());
}

TEST_F(SummarySchema, HoldsForAFailure) {
    job.set("model.variant", "s");
    EXPECT_FALSE(job.failure(ErrorKind::BadInput).empty());
    expectValid();
    EXPECT_EQ(summary()["status"], "completed-failed");
}

TEST_F(SummarySchema, HoldsForAStoppedRun) {
    job.sink.onStage = [&](std::string_view stage) {
        if (stage == "train") job.cancel.request(StopLevel::FinishBatch);
    };
    job.run();
    expectValid();
    EXPECT_TRUE(summary()["metrics"]["final"].is_null());
}

TEST_F(SummarySchema, HoldsForARunWithIncidents) {
    SummaryFacts facts;
    facts.status = "completed-success";
    facts.stageGate = {StageGateState::Overridden, "too early"};
    facts.training.epochs = {{.epoch = 1, .metrics = detectMetrics(0, 0, 0, 0.5)},
                             {.epoch = 2, .metrics = detectMetrics(0, 0, 0, 0.1)}};
    for (const Trouble trouble :
         {Trouble::Collapse, Trouble::NotFinite, Trouble::DeadScale, Trouble::ExplodingScale, Trouble::LostSteps})
        facts.training.incidents.push_back({trouble, 2, 7, "model.0.conv", "it broke", "a rate", GateReaction::Retry});
    std::filesystem::create_directories(job.folder());
    writeSummary({job.folder()}, {}, facts);
    expectValid();
    const json stability = summary()["stability"];
    EXPECT_EQ(stability["outcome"], "collapsed");
    EXPECT_EQ(stability["final_over_best_ratio"], 0.2);
    EXPECT_EQ(stability["incidents"][3]["trouble"], "exploding_scale");
    EXPECT_EQ(summary()["overridden_gate"], "too early");
    EXPECT_EQ(summary()["stage_gate"], "overridden");
}

// Digests are those of the files, and of nothing that changes when nothing does.
TEST_F(SummarySchema, FilesAreWhatTheirDigestsSay) {
    job.set("train_params.epochs", "0").run();
    const json artifacts = summary()["artifacts"];
    std::vector<std::string> paths;
    for (const json& file : artifacts["files"]) {
        const std::string bytes = readFile(job.folder() / file["path"].get<std::string>());
        EXPECT_EQ(file["sha256"], sha256Hex(std::as_bytes(std::span(bytes)))) << file;
        EXPECT_EQ(file["bytes"], bytes.size());
        paths.push_back(file["path"]);
    }
    for (const char* name : {"config.yaml", "exports/model.onnx", "weights/final.safetensors", "layers.json"})
        EXPECT_TRUE(std::ranges::find(paths, name) != paths.end()) << name;
    EXPECT_EQ(
        std::ranges::count_if(
            paths, [](const std::string& p) { return p.starts_with("checkpoint") || p.starts_with("tensorboard"); }),
        0);
}

TEST_F(SummarySchema, DataHasADigestOfItsContents) {
    job.set("train_params.epochs", "0").set("export.formats", "[]").run();
    const json drawn = summary()["dataset"];
    EXPECT_EQ(drawn["train_digest"]["covers"], "drawing");
    EXPECT_NE(drawn["train_digest"]["sha256"], drawn["val_digest"]["sha256"]);
}

TEST(JsonSchema, SeesWhatDoesNotFit) {
    const json small = json::parse(R"({"type":"object","required":["a"],"additionalProperties":false,"properties":{
        "a":{"type":"integer","minimum":1,"maximum":3},"b":{"type":["string","null"],"pattern":"^x"},"c":{"type":"array","items":{"enum":["p","q"]}}}})");
    const auto count = [&](const char* text) { return schemaErrors(small, json::parse(text)).size(); };
    EXPECT_EQ(count(R"({"a":2,"b":null,"c":["p","q"]})"), 0u);
    EXPECT_EQ(count(R"([])"), 1u);
    EXPECT_EQ(count(R"({"b":"x"})"), 1u);
    EXPECT_EQ(count(R"({"a":0})"), 1u);
    EXPECT_EQ(count(R"({"a":4,"z":1})"), 2u);
    EXPECT_EQ(count(R"({"a":1.5})"), 1u);
    EXPECT_EQ(count(R"({"a":1,"b":"y","c":["r"]})"), 2u);
    EXPECT_EQ(schemaErrors(json::parse(R"({"oneOf":[]})"), 1).size(), 1u);
}

}  // namespace
}  // namespace qat::test
