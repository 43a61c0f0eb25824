// Two heads: which one is measured, predicts, is quantized and described, and what tensors go in and come out of it.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "cli/program.h"
#include "export/weights_file.h"
#include "import/npy.h"
#include "support/assets.h"
#include "support/two_heads.h"

namespace qat::test {
namespace {

using nlohmann::json;

constexpr const char* kPicture = "shapes:val=1,size=64";

class Heads : public testing::Test {
protected:
    const ScratchFolder scratch;
    const std::string model = path("model");

    Heads() {
        makeWritableFolder(path("model/weights"));
        saveWeightsWithGraph(scratch.path() / "model/weights/final.safetensors", twoHeadedDetector());
        writeFileAtomic(path("model/config.yaml"), "model: {variant: n}\n");
    }
    std::string path(const std::string& name) const { return (scratch.path() / name).string(); }
    json reportOf(std::vector<std::string> words) const {
        words.insert(words.end(), {"--json", path("report.json")});
        const Ended ended = cli(words);
        EXPECT_EQ(ended.status, 0) << ended.err;
        return ended.status == 0 ? readJson(path("report.json")) : json();
    }
    json detections(std::vector<std::string> more) const {
        more.insert(more.begin(), {"predict", model, kPicture, "--imgsz", "64"});
        const json report = reportOf(more);
        return report.is_null() ? report : report["images"][0]["detections"];
    }
    json measured(std::vector<std::string> more) const {
        more.insert(more.begin(), {"val", model, "--data", "shapes:val=2,size=64", "--imgsz", "64", "--workers", "0"});
        return reportOf(more)["measured"];
    }
    static void expectRefused(const std::vector<std::string>& words, const std::string& sentence) {
        const Ended ended = cli(words);
        EXPECT_EQ(ended.status, 2) << ended.err;
        EXPECT_EQ(ended.err, "qatelier-cli: " + sentence + "\n");
    }
    std::string tensorFile(const std::string& name, const at::Tensor& tensor) const {
        writeFileAtomic(path(name), npyBytes(tensor));
        return path(name);
    }
};

TEST_F(Heads, EachHasItsOwnPostProcessing) {
    EXPECT_EQ(detections({}).size(), 4u) << "one2one is deployed";
    EXPECT_EQ(detections({"--head", "auto"}).size(), 4u);
    const json one = detections({"--head", "one2one", "--agnostic"}), many = detections({"--head", "one2many"});
    EXPECT_EQ(one.size(), 4u);
    ASSERT_EQ(many.size(), 1u) << "boxes that are all the same are suppressed";
    EXPECT_NEAR(one[0]["score"], 0.9, 1e-4);
    EXPECT_NEAR(many[0]["score"], 0.8, 1e-4);
}

TEST_F(Heads, MeasuringSaysWhichWasMeasuredAndHow) {
    const json one = measured({}), many = measured({"--head", "one2many", "--rect"});
    EXPECT_EQ(one["head"], "one2one");
    EXPECT_EQ(one["input"], "64x64");
    EXPECT_EQ(one["post_processing"], "the 300 best scores, without non-maximum suppression");
    EXPECT_FALSE(one.contains("nms_iou"));
    EXPECT_EQ(many["head"], "one2many");
    EXPECT_EQ(many["input"], "rectangles with a long side of 64");
    EXPECT_EQ(many["nms_iou"], 0.7);
    const Ended said = cli({"val", model, "--data", "shapes:val=2,size=64", "--imgsz", "64", "--workers", "0"});
    EXPECT_NE(said.out.find("measured at 64x64, one2one head, the 300 best scores"), std::string::npos) << said.out;
}

TEST_F(Heads, AModelWithOneIsRefused) {
    const std::string sentence = "builtin:shapes: the model has one head only, so there is no one2many to choose";
    expectRefused({"val", "builtin:shapes", "--data", "shapes:val=2,size=64", "--head", "one2many"},
                  "--head one2many: " + sentence);
    expectRefused({"predict", "builtin:shapes", kPicture, "--head", "one2many"}, "--head one2many: " + sentence);
    writeFileAtomic(
        path("one.yaml"),
        "model: {pretrained_path: 'builtin:shapes', head: one2many}\ndata: {path: 'shapes:train=2,val=2'}\n");
    const Ended check = cli({"check", path("one.yaml")});
    EXPECT_EQ(check.status, 2) << check.err;
    EXPECT_NE((check.out + check.err).find("model.head one2many: " + sentence), std::string::npos)
        << check.out << check.err;
}

TEST_F(Heads, AJobQuantizesAndMeasuresTheOneItsConfigurationNames) {
    for (const auto& [head, deployed] : {std::pair{"auto", "one2one"}, {"one2many", "one2many"}}) {
        writeFileAtomic(path("job.yaml"), "model: {pretrained_path: '" + model + "', head: " + head +
                                              "}\ndata: {path: 'shapes:train=4,val=2,size=64', imgsz: 64}\n"
                                              "train_params: {epochs: 0, batch_size: 2}\nrun: {workers: 0}\n"
                                              "calibration: {method: minmax, num_batches: 1}\n"
                                              "analysis: {enabled: false, preview_images: 0}\n"
                                              "export: {formats: []}\n");
        const std::string run = path(std::string("run-") + head);
        const Ended ended = cli({"run", path("job.yaml"), "--out", run});
        ASSERT_TRUE(ended.status == 0 || ended.status == 3) << ended.err;
        const json metrics = readJson(run + "/run_summary.json")["metrics"];
        EXPECT_EQ(metrics["measured"]["head"], deployed);
        EXPECT_EQ(metrics["measured"].contains("nms_iou"), std::string(deployed) == "one2many");
        EXPECT_TRUE(metrics["recommended_confidence"].contains("ptq"));
        EXPECT_EQ(reportOf({"val", run, "--data", "shapes:val=2,size=64", "--imgsz", "64"})["measured"]["head"],
                  deployed)
            << "the run folder knows";
    }
}

TEST_F(Heads, ParametersAreThoseOfBothAndMultiplicationsOfOne) {
    const json described = reportOf({"inspect", model, "--imgsz", "64"});
    EXPECT_EQ(described["parameters"], 2 * (10 * 3 + 10));
    EXPECT_EQ(described["macs"], 10 * 3 * 2 * 2);
}

TEST_F(Heads, ATensorGoesInAsItIsAndEveryOutputComesOut) {
    const std::string input = tensorFile("input.npy", at::full({2, 3, 64, 96}, 1e5));
    const json report = reportOf({"predict", model, "--npy", input, "--raw", path("raw")});
    std::vector<std::string> names;
    for (const json& output : report["outputs"]) names.push_back(output["output"]);
    EXPECT_EQ(names, (std::vector<std::string>{"head.0", "decoded"})) << "what is not deployed is not there";
    const at::Tensor decoded = readNpyFile(path("raw/decoded.npy"));
    EXPECT_EQ(decoded.sizes(), (at::IntArrayRef{2, 10, 6}));
    EXPECT_NEAR(decoded[1][4][5].item<float>(), 0.9f + 3 * 1e5f * 1e-6f, 1e-5) << "no letterbox, no division by 255";
    EXPECT_EQ(readNpyFile(path("raw/head.0.npy")).sizes(), (at::IntArrayRef{2, 10, 2, 3}));
    reportOf({"predict", model, "--npy", input, "--raw", path("raw"), "--head", "one2many"});
    EXPECT_NEAR(readNpyFile(path("raw/decoded.npy"))[0][4][0].item<float>(), 0.8f + 0.3f, 1e-5);
}

TEST_F(Heads, TensorsThatDoNotFitAreRefused) {
    const auto refused = [&](const std::string& file, const std::string& why) {
        expectRefused({"predict", model, "--npy", file, "--raw", path("raw")}, file + ": " + why);
    };
    refused(tensorFile("a.npy", at::zeros({3, 64, 64})),
            "it has the shape [3, 64, 64], expected [N, 3, H, W] with sides that are multiples of 32 up to 4096");
    refused(tensorFile("b.npy", at::zeros({1, 3, 64, 65})),
            "it has the shape [1, 3, 64, 65], expected [N, 3, H, W] with sides that are multiples of 32 up to 4096");
    std::string bytes = npyBytes(at::zeros({1, 3, 32, 32}));
    bytes.replace(bytes.find("<f4"), 3, "|u1");
    writeFileAtomic(path("c.npy"), bytes);
    refused(path("c.npy"), "its elements are \"|u1\", and only float32 (<f4) is read");
    writeFileAtomic(path("d.npy"), "no numbers");
    refused(path("d.npy"), "it is no .npy file");
    EXPECT_FALSE(std::filesystem::exists(path("raw")));
    EXPECT_EQ(cli({"predict", model, "--npy", path("a.npy")}).status, 2) << "nowhere to write";
    EXPECT_EQ(cli({"predict", model, kPicture, "--raw", path("raw")}).status, 2);
    EXPECT_EQ(cli({"predict", model}).status, 2) << "nothing to look at";
}

}  // namespace
}  // namespace qat::test
