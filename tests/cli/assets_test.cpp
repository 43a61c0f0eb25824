// The real YOLOv8n through the program, against reference results.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>

#include "base/files.h"
#include "cli/program.h"
#include "support/assets.h"

namespace qat::test {
namespace {

using nlohmann::json;

double iou(const json& a, const json& b) {
    const auto side = [](const json& box, int i) { return box[static_cast<size_t>(i)].get<double>(); };
    const double w = std::min(side(a, 2), side(b, 2)) - std::max(side(a, 0), side(b, 0)),
                 h = std::min(side(a, 3), side(b, 3)) - std::max(side(a, 1), side(b, 1));
    if (w <= 0 || h <= 0) return 0;
    const auto area = [&](const json& box) { return (side(box, 2) - side(box, 0)) * (side(box, 3) - side(box, 1)); };
    return w * h / (area(a) + area(b) - w * h);
}

TEST(Assets, InspectCountsTheRealModel) {
    QAT_REQUIRE_ASSETS(assets);
    const Ended ended = cli({"inspect", (assets / "models/yolov8n.pt").string(), "--json", "-"});
    ASSERT_EQ(ended.status, 0) << ended.err;
    const json description = json::parse(ended.out);
    EXPECT_EQ(description["parameters"], 3157200);
    EXPECT_NEAR(description["macs"].get<double>(), 4.37e9, 0.02e9);
}

class Predict : public testing::TestWithParam<const char*> {};  // a flag, or nothing

INSTANTIATE_TEST_SUITE_P(Arithmetic, Predict, testing::Values("", "--precise"),
                         [](const auto& info) { return *info.param ? "Precise" : "Fast"; });

TEST_P(Predict, FindsWhatTheReferenceFinds) {
    QAT_REQUIRE_ASSETS(assets);
    const ScratchFolder scratch;
    const json golden = readJson(assets / "goldens/yolov8n/detections.json");
    std::vector<std::string> arguments{"predict", (assets / "models/yolov8n.pt").string()};
    for (const json& image : golden["images"])
        arguments.push_back(
            (assets / "coco128/images/train2017" / (image["name"].get<std::string>() + ".jpg")).string());
    arguments.insert(arguments.end(), {"--json", (scratch.path() / "p.json").string()});
    if (*GetParam()) arguments.emplace_back(GetParam());
    const Ended ended = cli(arguments);
    ASSERT_EQ(ended.status, 0) << ended.err;
    const json report = readJson(scratch.path() / "p.json");
    ASSERT_EQ(report["images"].size(), golden["images"].size());
    for (size_t i = 0; i < report["images"].size(); ++i) {
        const json &found = report["images"][i]["detections"], &expected = golden["images"][i]["detections"];
        SCOPED_TRACE(golden["images"][i]["name"]);
        ASSERT_EQ(found.size(), expected.size());
        for (size_t k = 0; k < found.size(); ++k) {
            EXPECT_EQ(found[k]["class"], expected[k]["cls"]);
            EXPECT_EQ(found[k]["name"], expected[k]["name"]);
            EXPECT_GT(iou(found[k]["box"], expected[k]["box"]), 0.99);
            EXPECT_NEAR(found[k]["score"].get<double>(), expected[k]["score"].get<double>(), 2e-3);
        }
    }
}

// A one2one head's, with what is left of one image of which nothing scores enough.
TEST(Assets, DetectionsOfAnEndToEndHead) {
    QAT_REQUIRE_ASSETS(assets);
    const json golden = readJson(assets / "goldens/yolov10n_random/detections.json");
    const ScratchFolder scratch;
    std::vector<std::string> words{"predict", (assets / "models/yolov10n_random.pt").string(),
                                   "--conf",  "0.1",
                                   "--json",  (scratch.path() / "p.json").string()};
    for (const json& image : golden["images"])
        words.push_back((assets / "coco128/images/train2017" / (image["name"].get<std::string>() + ".jpg")).string());
    const Ended ended = cli(words);
    ASSERT_EQ(ended.status, 0) << ended.err;
    const json report = readJson(scratch.path() / "p.json");
    for (size_t i = 0; i < golden["images"].size(); ++i) {
        const json &found = report["images"][i]["detections"], &expected = golden["images"][i]["detections"];
        SCOPED_TRACE(golden["images"][i]["name"]);
        ASSERT_EQ(found.size(), expected.size());
        for (const json& wanted : expected)
            EXPECT_TRUE(std::ranges::any_of(found, [&](const json& box) {
                return box["class"] == wanted["cls"] && iou(box["box"], wanted["box"]) > 0.98 &&
                       std::abs(box["score"].get<double>() - wanted["score"].get<double>()) < 2e-3;
            })) << wanted;
    }
}

// What the rebuilt networks score end to end, and with their other head.
TEST(Assets, ValidationOfTwoHeads) {
    QAT_REQUIRE_ASSETS(assets);
    const std::string folder = (assets / "models").string() + "/";
    struct Row {
        const char *model, *head;
        double map, map50;
    };
    for (const Row& row :
         {Row{"yolo26n_rebuilt", "one2one", 0.482, 0.653}, Row{"yolo26n_rebuilt", "one2many", 0.484, 0.662},
          Row{"yolo11n_rebuilt", "auto", 0.517, 0.698}}) {
        const ScratchFolder scratch;
        const Ended ended =
            cli({"val", folder + row.model + ".safetensors", "--data", (assets / "coco128/data.yaml").string(),
                 "--head", row.head, "--json", (scratch.path() / "v.json").string()});
        ASSERT_EQ(ended.status, 0) << ended.err;
        const json metrics = readJson(scratch.path() / "v.json")["metrics"];
        EXPECT_NEAR(metrics["mAP50-95"].get<double>(), row.map, 0.003) << row.model << " " << row.head;
        EXPECT_NEAR(metrics["mAP50"].get<double>(), row.map50, 0.003) << row.model << " " << row.head;
    }
}

void expectMetrics(const std::filesystem::path& assets, const char* goldenName, bool rect) {
    const ScratchFolder scratch;
    std::vector<std::string> arguments{"val",    (assets / "models/yolov8n.pt").string(),
                                       "--data", (assets / "coco128/data.yaml").string(),
                                       "--json", (scratch.path() / "v.json").string()};
    if (rect) arguments.push_back("--rect");
    const Ended ended = cli(arguments);
    ASSERT_EQ(ended.status, 0) << ended.err;
    const json report = readJson(scratch.path() / "v.json"),
               golden = readJson(assets / "goldens/yolov8n" / goldenName)["overall"];
    EXPECT_EQ(report["images"], 128);
    for (const auto& [ours, theirs] : {std::pair{"mAP50-95", "mAP50_95"},
                                       {"mAP50", "mAP50"},
                                       {"mAP75", "mAP75"},
                                       {"precision", "P"},
                                       {"recall", "R"}}) {
        EXPECT_NEAR(report["metrics"][ours].get<double>(), golden[theirs].get<double>(), 1e-3) << ours;
        testing::Test::RecordProperty(ours, std::to_string(report["metrics"][ours].get<double>()));
    }
}

TEST(Assets, ValidationOfSquares) {
    QAT_REQUIRE_ASSETS(assets);
    expectMetrics(assets, "val_square.json", false);
}

TEST(Assets, ValidationOfRectangles) {
    QAT_REQUIRE_ASSETS(assets);
    expectMetrics(assets, "val_rect.json", true);
}

// 8 bits without training lose next to nothing, and the exported file computes the same detections.
TEST(Assets, EightBitsLoseLittleAndExportAlike) {
    QAT_REQUIRE_ASSETS(assets);
    setenv("QATELIER_RESOURCES", QATELIER_SOURCE_RESOURCES, 0);
    setenv("QATELIER_NODE_MODULES", QATELIER_SOURCE_NODE_MODULES, 0);
    const ScratchFolder scratch;
    const auto config = scratch.path() / "w8a8.yaml";
    writeFileAtomic(config, "model:\n  pretrained_path: '" + (assets / "models/yolov8n.pt").string() +
                                "'\ndata:\n  path: '" + (assets / "coco128/data.yaml").string() +
                                "'\ncalibration: {method: minmax, num_batches: 4}\ntrain_params: {epochs: 0, "
                                "batch_size: 16}\nqat_params: {fusion_patterns: [{pattern: '.*', modules: [conv, "
                                "bn]}]}\nanalysis: {enabled: false, preview_images: 0}\n"
                                "export: {formats: [onnx], validate: true}\n");
    const auto run = scratch.path() / "run";
    const Ended ended = cli({"run", config.string(), "--out", run.string()});
    ASSERT_TRUE(ended.status == 0 || ended.status == 3) << ended.err;
    const json summary = readJson(run / "run_summary.json");
    const double fp32 = summary["metrics"]["fp32"]["mAP50-95"], ptq = summary["metrics"]["ptq"]["mAP50-95"];
    const std::string said = summary["artifacts"]["export_checks"][0]["sentence"];
    EXPECT_LE(fp32 - ptq, 0.01);
    if (summary["artifacts"]["export_checks"][0]["result"] == "not_checked") GTEST_SKIP() << "left out: " << said;
    const std::string parity = said.substr(0, said.rfind("; ")), codes = said.substr(said.rfind("; "));
    std::printf("FP32 %.4f, PTQ W8A8 %.4f, lost %.4f; %s\n", fp32, ptq, fp32 - ptq, parity.c_str());
    EXPECT_NE(parity.find("onnxruntime-node"), std::string::npos) << parity;
    EXPECT_NE(parity.find("both on integers"), std::string::npos) << parity;
    EXPECT_NE(parity.find(": 100 % of"), std::string::npos) << parity;
    EXPECT_NE(codes.find("tensors equal"), std::string::npos) << codes;
    EXPECT_EQ(codes.find("differs"), std::string::npos) << codes;
    EXPECT_TRUE(summary["gates"].empty()) << summary["gates"];
    EXPECT_EQ(ended.status, 0);
}

}  // namespace
}  // namespace qat::test
