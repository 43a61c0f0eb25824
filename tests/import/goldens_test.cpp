// Real checkpoints against what independent tools found in them: order, names, shapes, sums, stored bits.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <chrono>

#include "base/sha256.h"
#include "import/checkpoint.h"
#include "import/safetensors.h"
#include "support/assets.h"

namespace qat::test {
namespace {

// The tensor's bytes as the file has them: halves come from floats without loss.
std::string storedSha(const NamedTensor& named) {
    const at::Tensor stored = named.storedType == "float16" ? named.tensor->to(at::kHalf) : *named.tensor;
    return sha256Hex({static_cast<const std::byte*>(stored.data_ptr()), stored.nbytes()});
}

void expectTensors(const Checkpoint& checkpoint, const nlohmann::json& expected, std::string_view prefix) {
    ASSERT_EQ(checkpoint.tensors.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
        const NamedTensor& named = checkpoint.tensors[i];
        SCOPED_TRACE(named.name);
        EXPECT_EQ(std::string(prefix) + named.name, expected[i]["name"].get<std::string>());
        EXPECT_EQ(named.storedType, expected[i]["dtype"].get<std::string>());
        EXPECT_EQ(named.tensor->sizes().vec(), expected[i]["shape"].get<std::vector<int64_t>>());
        EXPECT_TRUE(named.tensor->is_contiguous());
        const at::Tensor wide = named.tensor->to(at::kDouble);
        const double size = expected[i]["abs_sum"];
        EXPECT_NEAR(wide.sum().item<double>(), expected[i]["sum"].get<double>(), 1e-9 * (1 + size));
        EXPECT_NEAR(wide.abs().sum().item<double>(), size, 1e-9 * (1 + size));
        EXPECT_EQ(storedSha(named), expected[i]["sha256"].get<std::string>());
    }
}

void expectUltralytics(const std::filesystem::path& assets, const std::string& model, const std::string& moduleClass) {
    const auto state = readJson(assets / "goldens" / model / "state.json");
    const Checkpoint checkpoint = readCheckpoint(assets / "models" / (model + ".pt"));
    expectTensors(checkpoint, state["tensors"], "");
    EXPECT_EQ(checkpoint.moduleClass, moduleClass);
    EXPECT_EQ(checkpoint.numClasses, 80);
    ASSERT_EQ(checkpoint.classNames.size(), 80u);
    for (size_t i = 0; i < 80; ++i)
        EXPECT_EQ(checkpoint.classNames[i], state["names"][std::to_string(i)].get<std::string>());
    EXPECT_EQ(checkpoint.strides, (std::vector<int64_t>{8, 16, 32}));
    EXPECT_FALSE(checkpoint.batchNormFolded);
    EXPECT_EQ(checkpoint.metadata.at("epoch"), "-1");
    EXPECT_EQ(checkpoint.metadata.at("version"), "8.1.34");
}

TEST(Goldens, YoloV8) {
    QAT_REQUIRE_ASSETS(assets);
    expectUltralytics(assets, "yolov8n", "ultralytics.nn.tasks.DetectionModel");
}

TEST(Goldens, YoloV10) {
    QAT_REQUIRE_ASSETS(assets);
    expectUltralytics(assets, "yolov10n_random", "ultralytics.nn.tasks.YOLOv10DetectionModel");
}

// What the builder of networks is told, of the pickled networks at hand.
TEST(Goldens, NetworksSayHowTheyAreBuilt) {
    QAT_REQUIRE_ASSETS(assets);
    const Checkpoint yolov8n = readCheckpoint(assets / "models" / "yolov8n.pt");
    EXPECT_EQ(yolov8n.task, "detect");
    const auto yaml = nlohmann::ordered_json::parse(yolov8n.architectureJson);
    EXPECT_EQ(yaml["scales"].begin().key(), "n");
    EXPECT_EQ(yaml["head"].back().dump(), R"([[15,18,21],1,"Detect",["nc"]])");
    const StoredModule& bn = *yolov8n.findModule("model.0.bn");
    EXPECT_EQ(bn.className, "torch.nn.modules.batchnorm.BatchNorm2d");
    EXPECT_EQ(bn.numbers.at("eps"), 0.001);
    EXPECT_EQ(bn.numbers.at("momentum"), 0.03);
    EXPECT_TRUE(bn.lists.empty()) << "statistics are weights";
    EXPECT_EQ(yolov8n.findModule("model.0.act")->className, "torch.nn.modules.activation.SiLU");
    EXPECT_EQ(yolov8n.findModule("model.11")->lists.at("f"), (std::vector<double>{-1, 6}));
    EXPECT_EQ(yolov8n.findModule("model.22")->numbers.at("reg_max"), 16);
    EXPECT_EQ(yolov8n.findModule("model.22")->lists.at("stride"), (std::vector<double>{8, 16, 32}));
    EXPECT_EQ(yolov8n.findModule("model.10")->texts.at("mode"), "nearest");

    const Checkpoint yolov9t = readCheckpoint(assets / "models" / "yolov9t_ball.pt");
    EXPECT_EQ(yolov9t.task, "detect");
    EXPECT_EQ(yolov9t.findModule("model.4.cv2.0.m.0.cv1.conv1.act")->className, "torch.nn.modules.linear.Identity");
    const Checkpoint yolov5n = readCheckpoint(assets / "models" / "yolov5n_coco.pt");
    EXPECT_EQ(yolov5n.findModule("model.24")->className, "models.yolo.Detect");
    EXPECT_EQ(yolov5n.anchors,
              (std::vector<double>{10, 13, 16, 30, 33, 23, 30, 61, 62, 45, 59, 119, 116, 90, 156, 198, 373, 326}));
    EXPECT_TRUE(yolov8n.anchors.empty());
    EXPECT_TRUE(yolov8n.notes.empty() && yolov9t.notes.empty() && yolov5n.notes.empty());
}

TEST(Goldens, ResNetInTheOldFormat) {
    QAT_REQUIRE_ASSETS(assets);
    const auto golden = readJson(assets / "goldens" / "resnet20" / "logits.json");
    const Checkpoint checkpoint = readCheckpoint(assets / "models" / "resnet20-12fca82f.th");
    expectTensors(checkpoint, golden["stored_tensors"], "module.");
    EXPECT_NEAR(std::stod(checkpoint.metadata.at("best_prec1")), golden["recorded_top1_percent"].get<double>(), 1e-12);
    EXPECT_FALSE(checkpoint.batchNormFolded);
}

TEST(Goldens, SafetensorsKeepARealModel) {
    QAT_REQUIRE_ASSETS(assets);
    const ScratchFolder folder;
    const Checkpoint checkpoint = readCheckpoint(assets / "models" / "yolov8n.pt");
    writeCheckpoint(folder.path() / "w.safetensors", checkpoint);
    const auto state = readJson(assets / "goldens" / "yolov8n" / "state.json");
    const Checkpoint read = readCheckpoint(folder.path() / "w.safetensors");
    expectTensors(read, state["tensors"], "");
    EXPECT_EQ(read.classNames, checkpoint.classNames);
}

// 6.5 MB; the limit is generous for instrumented builds and busy machines.
TEST(Goldens, ReadsQuickly) {
    QAT_REQUIRE_ASSETS(assets);
    double best = 1e9;
    for (int round = 0; round < 5; ++round) {
        const auto start = std::chrono::steady_clock::now();
        readCheckpoint(assets / "models" / "yolov8n.pt");
        best =
            std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    RecordProperty("milliseconds", std::to_string(best));
    EXPECT_LT(best, 1000);
}

}  // namespace
}  // namespace qat::test
