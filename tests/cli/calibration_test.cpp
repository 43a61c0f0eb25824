// Calibration from a configuration to the run folder: method, coreset, report.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/files.h"
#include "cli/program.h"
#include "support/assets.h"

namespace qat::test {
namespace {

using nlohmann::json;

class CalibratedRun : public testing::Test {
protected:
    const ScratchFolder scratch;

    CalibratedRun() { setenv("QATELIER_RESOURCES", QATELIER_SOURCE_RESOURCES, 0); }
    std::filesystem::path folder(const std::string& name) const { return scratch.path() / name; }
    // The bundled detector at 8 bits without training.
    Ended run(const std::string& name, const std::string& calibration) const {
        const auto config = scratch.path() / (name + ".yaml");
        writeFileAtomic(config,
                        "model: {variant: n, pretrained_path: 'builtin:shapes'}\n"
                        "data: {path: 'shapes:train=96,val=24', imgsz: 160}\n"
                        "run: {workers: 1}\n"
                        "calibration: " +
                            calibration +
                            "\n"
                            "train_params: {epochs: 0, batch_size: 8}\n"
                            "analysis: {enabled: false, preview_images: 0}\n"
                            "export: {formats: [onnx], validate: false}\n");
        return cli({"run", config.string(), "--out", folder(name).string()});
    }
    json calibrationOf(const std::string& name) const { return readJson(folder(name) / "calibration.json"); }
};

TEST_F(CalibratedRun, EntropyOnACoreset) {
    const std::string settings = "{method: entropy, use_coreset: true, coreset_method: k-center, coreset_size: 20}";
    const Ended ended = run("first", settings);
    ASSERT_EQ(ended.status, 0) << ended.err;
    const json report = calibrationOf("first");
    EXPECT_EQ(report["images"], 20);
    EXPECT_EQ(report["coreset"]["method"], "k-center");
    EXPECT_EQ(report["coreset"]["candidates"], 96);
    const json& curve = report["coreset"]["coverage"];
    ASSERT_EQ(curve.size(), 6u) << "1, 2, 4, 8, 16 and 20 images";
    EXPECT_EQ(curve.back()["images"], 20);
    EXPECT_LT(curve.back()["farthest"].get<double>(), curve.front()["farthest"].get<double>());
    EXPECT_LT(curve.back()["mean"].get<double>(), curve.front()["mean"].get<double>());
    EXPECT_NE(readFile(folder("first") / "events.jsonl").find("\"coreset/farthest\""), std::string::npos);
    EXPECT_TRUE(report["leaks"].empty()) << "drawn pictures of two splits differ";
    const auto chosen = report["coreset"]["images"].get<std::vector<std::string>>();
    EXPECT_EQ(std::set<std::string>(chosen.begin(), chosen.end()).size(), 20u);
    EXPECT_GT(report["tensors"].size(), 40u);
    for (const json& tensor : report["tensors"]) {
        EXPECT_EQ(tensor["method"], "entropy");
        EXPECT_EQ(tensor["methods"].size(), 6u);
        EXPECT_LE(tensor["applied"]["high"].get<double>(), tensor["high"].get<double>());
        EXPECT_LE(tensor["methods"]["entropy"]["sqnr_db"].get<double>(),
                  tensor["methods"]["mse"]["sqnr_db"].get<double>() + 0.3)
            << tensor["name"];
    }
    const json metrics = readJson(folder("first") / "run_summary.json")["metrics"];
    EXPECT_GE(metrics["ptq"]["mAP50-95"].get<double>(), metrics["fp32"]["mAP50-95"].get<double>() - 0.03);
    ASSERT_EQ(run("second", settings).status, 0);
    EXPECT_EQ(calibrationOf("second"), report) << "the same configuration chooses the same images and ranges";
}

TEST_F(CalibratedRun, CoresetMethodsChooseDifferentImages) {
    std::set<json> lists;
    for (const std::string method : {"k-center", "herding", "random"}) {
        const Ended ended = run(
            method,
            "{method: minmax, num_batches: 1, use_coreset: true, coreset_size: 30, coreset_method: " + method + "}");
        ASSERT_EQ(ended.status, 0) << ended.err;
        EXPECT_EQ(calibrationOf(method)["images"], 8) << "no more than num_batches";
        EXPECT_NE((ended.out + ended.err).find("calibration.num_batches ends the coreset at 8 of 30 images"),
                  std::string::npos)
            << ended.out;
        lists.insert(calibrationOf(method)["coreset"]["images"]);
    }
    EXPECT_EQ(lists.size(), 3u);
    const Ended ended = run("all", "{method: mse, use_coreset: true, coreset_size: 96}");
    EXPECT_NE((ended.out + ended.err).find("calibration.coreset_size is 96 of 96 images: all take part"),
              std::string::npos)
        << ended.out;
    EXPECT_TRUE(calibrationOf("all")["coreset"].is_null());
    EXPECT_EQ(calibrationOf("all")["images"], 96);
}

}  // namespace
}  // namespace qat::test
