// Methods by seeds in one folder: recipes, resuming, the table, and that larger models wait.
#include "session/run_group.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "config/config_io.h"
#include "session/methods.h"
#include "session/precision.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

using nlohmann::json;

Config after(const Overrides& overrides, const std::filesystem::path& folder) {
    Config base;
    base.exporting.formats.clear();
    writeFileAtomic(folder / "base.yaml", writeConfig(base));
    return loadConfig(folder / "base.yaml", overrides);
}

TEST(Methods, NamesAreWhatTheirRecipesDo) {
    const ScratchFolder scratch;
    for (const char* name : {"baseline", "ema", "qc", "ema+qc", "ema+freezing", "ema+qc+freezing+dampening",
                             "distillation", "ema+distillation"})
        EXPECT_EQ(methodName(after(methodOverrides(name, {}), scratch.path())), name);
    EXPECT_EQ(methodName(after(methodOverrides("qc+ema", {}), scratch.path())), "ema+qc") << "order does not matter";
    for (const char* name : {"ptq", "ptq+qc"}) {
        EXPECT_EQ(methodName(after(methodOverrides(name, {}), scratch.path())), name);
        EXPECT_FALSE(trains(name));
    }
    EXPECT_TRUE(trains("ema+qc"));
}

TEST(Precision, NamesAreWhatTheirSettingsDo) {
    const ScratchFolder scratch;
    for (const char* name : {"w8a8", "w4a16", "w1a1", "w16a16", "w4afp16", "fp8", "fp8e5m2"})
        EXPECT_EQ(precisionName(after(precisionOverrides(name, {}), scratch.path())), name);
    EXPECT_EQ(precisionName(after(precisionOverrides("W6A8", {}), scratch.path())), "w6a8") << "letters of any case";
}

TEST(Precision, KeepsTheTypeOfIntegersAndLeavesFloatingPoint) {
    Config base;
    base.quantization.activation.dtype = DType::QInt8;
    base.quantization.weight.dtype = DType::Float8E4m3;
    EXPECT_EQ(precisionOverrides("W4A8", base), (Overrides{{"quantization.weight.bit_width", "4"},
                                                           {"quantization.weight.dtype", "qint8"},
                                                           {"quantization.activation.bit_width", "8"}}));
}

TEST(Precision, PatternsShowAndOtherNamesAreRefused) {
    Config config;
    config.quantization.weight.bitWidth = 4;
    config.quantization.layerConfigs.emplace_back().weight.bitWidth = 8;
    EXPECT_EQ(precisionName(config), "w4-8a8");
    config.train.quantize = false;
    EXPECT_EQ(precisionName(config), "fp32");
    for (const char* name : {"", "w4", "w0a8", "w17a8", "w4a", "wa", "fp4", "w4a8x", "w-4a8", "w4afp8"})
        EXPECT_THROW(precisionOverrides(name, {}), Error) << name;
}

std::string complaint(const std::string& method) {
    try {
        methodOverrides(method, {});
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        return error.what();
    }
    return "";
}

TEST(Methods, UnknownPartsAreNamed) {
    EXPECT_EQ(complaint("ema+qq"), "method ema+qq: there is no part qq (did you mean qc?)");
    EXPECT_EQ(complaint("ema+ema"), "method ema+ema names ema twice");
    EXPECT_EQ(complaint("baseline+qc"), "method baseline+qc: baseline is what has no parts");
    EXPECT_EQ(complaint("ptq+ema"), "method ptq+ema: ema is a way of training, which ptq leaves out");
    EXPECT_FALSE(complaint("").empty());
}

class Group : public testing::Test {
protected:
    const ScratchFolder scratch;
    RecordingSink sink;
    CancelToken cancel;
    GroupRequest request;

    Group() {
        const SmallJob job(scratch.path());
        request.config = job.request.config;
        request.out = scratch.path() / "group";
        request.overrides = {{"analysis.enabled", "false"},
                             {"analysis.compare_with_fp32", "false"},
                             {"analysis.preview_images", "0"},
                             {"export.formats", "[]"}};
        request.methods = {"baseline", "ema+qc"};
        request.seeds = {3, 5};
    }
    GroupOutcome run() { return runGroup(request, sink, cancel); }
    std::string failure() {
        try {
            run();
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::BadInput);
            return error.what();
        }
        return "";
    }
    json summary(const std::string& run) const { return readJson(request.out / run / "run_summary.json"); }
};

TEST_F(Group, RunsEveryMethodWithEverySeedAndTabulates) {
    const GroupOutcome outcome = run();
    EXPECT_EQ(outcome.status, JobStatus::Completed);
    ASSERT_EQ(outcome.rows.size(), 2u);
    for (const MethodRow& row : outcome.rows) {
        EXPECT_EQ(row.variant, "yolov8n");
        EXPECT_EQ(row.seeds, (std::vector<int64_t>{3, 5}));
        EXPECT_TRUE(row.primary().spread.mean && row.primary().spread.deviation && row.oscillatingShare);
        EXPECT_GT(row.seconds, 0);
    }
    EXPECT_EQ(outcome.rows[0].method, "baseline");
    EXPECT_EQ(outcome.rows[1].runs, (std::vector<std::string>{"yolov8n-ema+qc-s3", "yolov8n-ema+qc-s5"}));
    const json found = summary("yolov8n-ema+qc-s5");
    EXPECT_EQ(found["method"]["variant"], "ema+qc");
    EXPECT_EQ(found["training"]["seed"], 5);
    EXPECT_EQ(summary("yolov8n-baseline-s3")["method"]["qc"]["enabled"], false);
    const double mean = (summary("yolov8n-baseline-s3")["metrics"]["final"]["mAP50"].get<double>() +
                         summary("yolov8n-baseline-s5")["metrics"]["final"]["mAP50"].get<double>()) /
                        2;
    EXPECT_NEAR(*outcome.rows[0].figures.at(1).spread.mean, mean, 1e-12);
    const json table = readJson(request.out / "methods.json");
    EXPECT_EQ(table["rows"][1]["n"], 2);
    EXPECT_EQ(table["rows"][0]["mAP50"]["mean"].get<double>(), *outcome.rows[0].figures.at(1).spread.mean);
    EXPECT_EQ(readFile(request.out / "methods.md"), groupMarkdown(outcome.rows));
}

TEST_F(Group, GoesOnWhereItStopped) {
    request.seeds = {3};
    int training = 0;
    sink.onStage = [&](std::string_view stage) {
        if (stage == "train" && ++training == 2) cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_EQ(run().status, JobStatus::Cancelled);
    const std::string first = readFile(request.out / "yolov8n-baseline-s3/events.jsonl");
    CancelToken fresh;
    RecordingSink again;
    const GroupOutcome outcome = runGroup(request, again, fresh);
    EXPECT_EQ(outcome.status, JobStatus::Completed);
    EXPECT_EQ(readFile(request.out / "yolov8n-baseline-s3/events.jsonl"), first) << "a finished run is left alone";
    EXPECT_EQ(again.logs.front(), "run 1 of 2, yolov8n-baseline-s3: finished before");
    EXPECT_EQ(std::ranges::count(again.begun, "train"), 1);
    EXPECT_EQ(outcome.rows.size(), 2u);
}

TEST_F(Group, PrecisionsTimesCalibrationsWithoutTraining) {
    request.precisions = {"W8A8", "FP8"};
    request.calibrations = {"minmax", "mse"};
    request.methods = {"ptq"};
    request.seeds = {3};
    const GroupOutcome outcome = run();
    EXPECT_EQ(outcome.status, JobStatus::Completed);
    ASSERT_EQ(outcome.rows.size(), 4u);
    const json cell = summary("yolov8n-w8a8-mse-ptq-s3");
    EXPECT_EQ(cell["quantization"]["mode"], "w8a8");
    EXPECT_EQ(cell["quantization"]["calibration"], "mse");
    EXPECT_EQ(cell["method"]["variant"], "ptq");
    EXPECT_EQ(cell["stability"]["outcome"], "not_trained");
    EXPECT_EQ(summary("yolov8n-fp8-minmax-ptq-s3")["quantization"]["mode"], "fp8");
    for (const MethodRow& row : outcome.rows)
        EXPECT_EQ(*row.primary().spread.mean, summary(row.runs.front())["metrics"]["ptq"]["mAP50-95"].get<double>());
    EXPECT_NE(readFile(request.out / "methods.md").find("| Model | Bits | Method | FP32 | minmax | mse |"),
              std::string::npos);
    request.methods = {"ptq", "qc"};
    request.overrides.emplace_back("train_params.epochs", "0");
    EXPECT_EQ(failure(), "train_params.epochs is 0, which leaves nothing to compare but ptq and ptq+qc");
}

TEST_F(Group, NamesAreCheckedBeforeTheFirstRun) {
    request.precisions = {"W4A8", "w4a8"};
    EXPECT_EQ(failure(), "a precision is named twice") << "letters of any case";
    request.precisions = {};
    request.calibrations = {"minmax", "best"};
    EXPECT_NE(failure().find("best"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(request.out));
}

TEST_F(Group, AnotherConfigurationDoesNotMixIn) {
    request.seeds = {3};
    request.methods = {"baseline"};
    run();
    request.overrides.emplace_back("train_params.lr", "0.5");
    EXPECT_NE(failure().find("with another configuration: "), std::string::npos);
}

TEST_F(Group, RefusesWhatCannotBeCompared) {
    request.seeds = {3, 3};
    EXPECT_EQ(failure(), "a seed is named twice");
    request.seeds = {3};
    request.overrides.emplace_back("train_params.epochs", "0");
    EXPECT_EQ(failure(), "train_params.epochs is 0, which leaves nothing to compare but ptq and ptq+qc");
    EXPECT_FALSE(std::filesystem::exists(request.out));
}

TEST_F(Group, LargerModelsWaitForTheGate) {
    request.overrides.emplace_back("model.variant", "m");
    const GroupOutcome closed = run();
    EXPECT_EQ(closed.status, JobStatus::GateFailed);
    EXPECT_TRUE(sink.begun.empty());
    // The start weights are those of an n: the run fails, but it was started, and says that it should not have been.
    request.overrideGate = true;
    request.seeds = {3};
    const GroupOutcome open = run();
    EXPECT_EQ(open.failed.size(), 2u);
    EXPECT_EQ(summary("yolov8m-baseline-s3")["overridden_gate"], open.gate);
    EXPECT_EQ(summary("yolov8m-baseline-s3")["stage_gate"], "overridden");
}

}  // namespace
}  // namespace qat::test
