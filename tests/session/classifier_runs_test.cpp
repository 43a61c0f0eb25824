// Classifiers through the whole program: calibration, measurements, errors of layers, sensitivity, training with EMA,
// correction, the exported file in ONNX Runtime; stopped and resumed to the bit.
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "config/config_io.h"
#include "export/runtime_check.h"
#include "models/family.h"
#include "session/input_size.h"
#include "session/inspect.h"
#include "session/run_model.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

struct ClassifierCase {
    const char *name, *model, *family;
    const char *weightBits, *activationBits;
};

std::ostream& operator<<(std::ostream& out, const ClassifierCase& each) {
    return out << each.name;
}

SmallJob& prepareClassifier(SmallJob& job, const ClassifierCase& how) {
    return job.set("model.architecture", how.model)
        .set("model.pretrained_path", "")
        .set("data.path", "shapes:train=8,val=4,size=64")
        .set("data.imgsz", "32")
        .set("quantization.weight.bit_width", how.weightBits)
        .set("quantization.activation.bit_width", how.activationBits)
        .set("qat_params.use_lsq", "false")
        .set("gate.collapse_ratio", "0");  // of four pictures all may be wrong
}

class ClassifierRun : public testing::TestWithParam<ClassifierCase> {
protected:
    const ScratchFolder scratch;
};

TEST_P(ClassifierRun, GoesThroughAllStages) {
    SmallJob job(scratch.path());
    prepareClassifier(job, GetParam())
        .set("ema.enabled", "true")
        .set("qc.enabled", "true")
        .set("sensitivity.bits", "[8]")
        .set("export.validate", "true");
    EXPECT_EQ(job.run().status, JobStatus::Completed);
    EXPECT_EQ(job.sink.begun, (std::vector<std::string>{"load", "calibrate", "evaluate_fp32", "evaluate_ptq", "analyze",
                                                        "train", "qc", "evaluate", "export"}));
    EXPECT_FALSE(job.sink.images.empty()) << "previews";
    for (const LayerRow& row : job.sink.layers) {
        if (row.table != "error") continue;
        for (const auto& [column, value] : row.metrics) EXPECT_FALSE(std::isnan(value)) << row.layer << " " << column;
    }
    const Graph graph = openRun(job.folder()).graph;
    EXPECT_EQ(graph.info.architecture, GetParam().family);
    EXPECT_EQ(graph.info.task, "classification");
    EXPECT_EQ(graph.info.classNames.size(), 6u);
    const nlohmann::json summary = readJson(job.folder() / "run_summary.json");
    EXPECT_EQ(summary["metrics"]["primary_name"], "metrics/accuracy_top1");
    const auto& check = summary["artifacts"]["export_checks"].at(0);
    EXPECT_EQ(check["result"], missingOnnxRuntime().empty() ? "passed" : "not_checked") << check["sentence"];
}

TEST_P(ClassifierRun, EndsInTheSameBits) {
    for (const char* part : {"whole", "parts"}) std::filesystem::create_directory(scratch.path() / part);
    const auto prepare = [](SmallJob& job) -> SmallJob& {
        return prepareClassifier(job, GetParam()).set("sensitivity.bits", "[]").set("export.formats", "[]");
    };
    SmallJob whole(scratch.path() / "whole"), stopped(scratch.path() / "parts"), rest(scratch.path() / "parts");
    prepare(whole).run();
    stopped.sink.onStage = [&](std::string_view begun) {
        if (begun == "train") stopped.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_EQ(prepare(stopped).run().status, JobStatus::Cancelled);
    rest.request.resume = true;
    EXPECT_EQ(prepare(rest).run().status, JobStatus::Completed);
    EXPECT_EQ(readFile(rest.folder() / "weights/final.safetensors"),
              readFile(whole.folder() / "weights/final.safetensors"));
}

INSTANTIATE_TEST_SUITE_P(All, ClassifierRun,
                         testing::Values(ClassifierCase{"resnet20_w4a8", "resnet20", "resnet", "4", "8"},
                                         ClassifierCase{"quant_resnet20_w4a4", "quant_resnet20", "resnet", "4", "4"},
                                         ClassifierCase{"quant_cnv_w1a1", "quant_cnv", "cnv", "1", "1"},
                                         ClassifierCase{"quant_cnv_w2a2", "quant_cnv", "cnv", "2", "2"},
                                         ClassifierCase{"quant_cnv_w4a4", "quant_cnv", "cnv", "4", "4"},
                                         ClassifierCase{"quant_mobilenetv1_w4a4", "quant_mobilenetv1", "mobilenetv1",
                                                        "4", "4"},
                                         ClassifierCase{"quant_vgg11_w4a4", "quant_vgg11", "vgg", "4", "4"},
                                         ClassifierCase{"yolov8n_cls_w8a8", "yolov8n-cls", "yolov8", "8", "8"}),
                         [](const auto& info) { return std::string(info.param.name); });

// From weights on: widths that the program chooses, frozen weights, batch norms that are estimated again. Distillation
// compares boxes, and says so.
TEST(ClassifierFromWeights, IsTrainedWithChosenWidths) {
    const ScratchFolder scratch;
    std::filesystem::create_directory(scratch.path() / "float");
    SmallJob start(scratch.path() / "float"), job(scratch.path());
    const ClassifierCase how{"", "resnet20", "resnet", "4", "4"};
    prepareClassifier(start, how).set("train_params.quantize", "false").set("export.formats", "[]");
    EXPECT_EQ(start.run().status, JobStatus::Completed);
    prepareClassifier(job, {"", "quant_resnet20", "resnet", "4", "4"})
        .set("model.pretrained_path", start.folder().string())
        .set("oscillation.bn_reestimation", "2")
        .set("oscillation.freeze.threshold", "0.01")
        .set("sensitivity.bits", "[4, 8]")
        .set("qat_params.use_mixed_precision", "true")
        .set("qat_params.auto_adapt_bit_width", "true")
        .set("export.formats", "[]");
    EXPECT_EQ(job.run().status, JobStatus::Completed);
    EXPECT_EQ(openRun(job.folder()).graph.info.variant, "20");
    std::filesystem::create_directory(scratch.path() / "taught");
    SmallJob taught(scratch.path() / "taught");
    prepareClassifier(taught, how)
        .set("model.pretrained_path", start.folder().string())
        .set("distillation.enabled", "true");
    EXPECT_EQ(taught.failure(ErrorKind::Unsupported),
              "distillation is for heads of boxes, and the model has classes of pictures");
}

// Sides that a network cannot take are refused in a sentence before anything is computed.
TEST(ClassifierRefusals, NameTheSideThatIsTaken) {
    const ScratchFolder scratch;
    SmallJob cnv(scratch.path());
    prepareClassifier(cnv, {"", "quant_cnv", "cnv", "4", "4"}).set("data.imgsz", "64");
    EXPECT_EQ(cnv.failure(ErrorKind::BadInput), "data.imgsz is 64, but CNV takes pictures of 32 pixels only");
    FamilyMember vgg = *memberNamed("vgg11");
    vgg.spec.numClasses = 6;
    try {
        requireImageSize(buildMember(vgg, nullptr), 96, "--imgsz");
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "--imgsz is 96, but VGG11 takes pictures of 224 pixels only");
    }
}

TEST(ClassifierRefusals, RectanglesAreForBoxes) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    prepareClassifier(job, {"", "resnet20", "resnet", "8", "8"}).set("data.rect", "true");
    EXPECT_EQ(job.failure(ErrorKind::BadInput),
              "data.rect: pictures of one class each are cut to squares, so there are no rectangles to validate on");
}

// check --layers says which quantizers are the reference's.
TEST(ClassifierLayers, SayWhoseTheirQuantizersAre) {
    const ScratchFolder scratch;
    writeFileAtomic(scratch.path() / "c.yaml",
                    "model: {architecture: quant_cnv}\nquantization:\n  weight: {bit_width: 2}\n");
    const ModelDescription model = describeModel(loadConfig(scratch.path() / "c.yaml"));
    ASSERT_EQ(model.layers.size(), 9u);
    for (const LayerInfo& layer : model.layers) {
        EXPECT_EQ(layer.weightBits, 2) << layer.name;
        ASSERT_EQ(layer.policies.size(), 1u) << layer.name;
        EXPECT_EQ(layer.policies.front().name, "network");
        EXPECT_NE(layer.policies.front().reason.find("quant_cnv"), std::string::npos);
    }
}

}  // namespace
}  // namespace qat::test
