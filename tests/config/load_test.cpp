// Configurations from files: overrides, relative paths, and the files that come with the program.
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "base/files.h"
#include "config/config_io.h"
#include "config/table_name.h"
#include "support/assets.h"

namespace qat {
namespace {

using Overrides = std::vector<std::pair<std::string, std::string>>;

class LoadConfig : public ::testing::Test {
protected:
    fs::path write(const std::string& text) {
        const fs::path file = m_folder.path() / "run.yaml";
        writeFileAtomic(file, text);
        return file;
    }
    // What loading complains about.
    static std::string complaint(const fs::path& file, const Overrides& overrides = {},
                                 ErrorKind kind = ErrorKind::BadInput) {
        try {
            loadConfig(file, overrides);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), kind);
            return error.what();
        }
        return "accepted";
    }
    test::ScratchFolder m_folder;
};

TEST_F(LoadConfig, PathsBecomeRelativeToTheFile) {
    const fs::path file = write(
        "model: {pretrained_path: \"../w/n.pt\"}\ndistillation: {teacher_model: /abs/t.pt}\ndata: {path: coco.yaml}\n");
    const Config config = loadConfig(file);
    EXPECT_EQ(config.model.pretrainedPath, (m_folder.path().parent_path() / "w/n.pt").string());
    EXPECT_EQ(config.distillation.teacherModel, "/abs/t.pt");
    EXPECT_EQ(config.data.path, (m_folder.path() / "coco.yaml").string());
}

TEST_F(LoadConfig, ATableIsAPathWhoseScaleIsItsOwnUnlessOneIsStated) {
    const fs::path file = write("model: {architecture: tables/p2.yaml}\n"), table = m_folder.path() / "tables/p2.yaml";
    Config config = loadConfig(file);
    EXPECT_EQ(config.model.architecture, table.string());
    EXPECT_EQ(config.model.variant, "");
    EXPECT_EQ(modelName(config.model), "p2");
    EXPECT_EQ(readConfig(writeConfig(config)).config, config);
    config = loadConfig(file, {{"model.variant", "s"}});
    EXPECT_EQ(modelName(config.model), "p2-s");
    EXPECT_EQ(loadConfig(file, {{"model.architecture", "yolo11"}}).model.variant, "n") << "the family's default";
    EXPECT_EQ(loadConfig(write("model: {variant: s}\n"), {{"model.architecture", "o.yml"}}).model.variant, "s");
}

TEST_F(LoadConfig, AMembersWholeNameIsItsFamilyAndVariant) {
    Config config = loadConfig(write("model: {architecture: resnet20}\n"));
    EXPECT_EQ(config.model.architecture + "/" + config.model.variant, "resnet/20");
    EXPECT_EQ(config.data.imgsz, 32);
    EXPECT_EQ(config.quantization.defaultQconfig, "default");
    EXPECT_TRUE(config.qat.fuseModules);
    EXPECT_EQ(modelName(config.model), "resnet20");
    EXPECT_EQ(readConfig(writeConfig(config)).config, config);
    EXPECT_EQ(loadConfig(write("model: {architecture: vgg16_bn}\n")).data.imgsz, 224);
    EXPECT_EQ(loadConfig(write("model: {architecture: vgg16_bn}\ndata: {imgsz: 32}\n")).data.imgsz, 32);
    config = loadConfig(write("model: {architecture: yolo11s-cls}\n"));
    EXPECT_EQ(config.model.architecture + "/" + config.model.variant, "yolo11/s-cls");
    config = loadConfig(write("model: {architecture: resnet}\n"));
    EXPECT_EQ(config.model.variant, "20") << "the family's first";
}

// Their quantizers stand beside batch norms, unless somebody says otherwise.
TEST_F(LoadConfig, ATwinAsksForTheQuantizersOfTheReference) {
    const fs::path file = write("model: {architecture: quant_cnv}\n");
    Config config = loadConfig(file);
    EXPECT_EQ(config.model.architecture + "/" + config.model.variant, "cnv/");
    EXPECT_EQ(config.quantization.defaultQconfig, "reference");
    EXPECT_FALSE(config.qat.fuseModules);
    EXPECT_EQ(config.sources.of("qat_params.fuse_modules"), "line 1, model.architecture");
    EXPECT_EQ(readConfig(writeConfig(config)).config, config);
    EXPECT_TRUE(
        loadConfig(write("model: {architecture: quant_cnv}\nqat_params: {fuse_modules: true}\n")).qat.fuseModules);
    config = loadConfig(file, {{"model.architecture", "yolov8s"}});
    EXPECT_EQ(config.model.variant, "s");
    EXPECT_EQ(config.quantization.defaultQconfig, "default") << "the other name's wishes are gone";
    EXPECT_TRUE(config.qat.fuseModules);
    EXPECT_EQ(config.data.imgsz, 640);
    const std::vector<ConfigIssue> issues =
        readConfig("model: {architecture: yolov8}\nquantization: {default_qconfig: reference}\n").issues;
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_EQ(issues[0].message,
              "quantization.default_qconfig is reference, which yolov8 has not: only resnet, vgg, mobilenetv1 and cnv "
              "have");
}

TEST_F(LoadConfig, OverridesReachIntoEntries) {
    const fs::path file = write("quantization:\n  layer_configs:\n    - pattern: a\n      skip: true\n");
    const Config config = loadConfig(file, {{"quantization.layer_configs[0].config.weight.bit_width", "4"},
                                            {"quantization.layer_configs[1].pattern", "^b\\.c$"},
                                            {"quantization.layer_configs[1].skip", "true"}});
    const auto& entries = config.quantization.layerConfigs;
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(entries[0].pattern, "a");
    EXPECT_EQ(entries[0].line, 3);
    EXPECT_EQ(entries[0].weight.bitWidth, 4);
    EXPECT_EQ(entries[1].pattern, "^b\\.c$");
    EXPECT_EQ(entries[1].skip, true);
    EXPECT_EQ(entries[1].line, 0);
    EXPECT_NE(
        complaint(file, {{"quantization.layer_configs[0].config.weight.bit_width", "99"}}).find("expected 1 to 16"),
        std::string::npos);
    EXPECT_NE(complaint(file, {{"quantization.layer_configs[0].colour", "red"}}).find("not a known key"),
              std::string::npos);
}

TEST_F(LoadConfig, EmptyPathsAndSyntheticDataStayAsTheyAre) {
    const Config config = loadConfig(write("data: {path: \"shapes:train=8,val=4\"}\n"));
    EXPECT_EQ(config.data.path, "shapes:train=8,val=4");
    EXPECT_EQ(config.model.pretrainedPath, "");
    EXPECT_EQ(loadConfig(write("data: {path: shapes}\n")).data.path, "shapes");
}

TEST_F(LoadConfig, OverridesWinAndAreTakenAsTyped) {
    const fs::path file = write("quantization: {weight: {bit_width: 8}}\n");
    const Config config = loadConfig(file, {{"quantization.weight.bit_width", "4"},
                                            {"quantization.weight.bit_width", "3"},
                                            {"export.formats", "onnx,tflite"},
                                            {"sensitivity.bits", "[2, 4]"},
                                            {"model.pretrained_path", "x: y.pt"},
                                            {"qat_params.use_lsq", "true"}});
    EXPECT_EQ(config.quantization.weight.bitWidth, 3);
    EXPECT_EQ(config.exporting.formats, (std::vector<std::string>{"onnx", "tflite"}));
    EXPECT_EQ(config.sensitivity.bits, (std::vector<int>{2, 4}));
    EXPECT_EQ(config.model.pretrainedPath, "x: y.pt");
    EXPECT_TRUE(config.qat.useLsq);
}

TEST_F(LoadConfig, ErrorsNameFileLineAndKey) {
    const fs::path file = write("quantization:\n  weight:\n    bit_width: 99\n");
    EXPECT_EQ(complaint(file), file.string() + ":3: quantization.weight.bit_width is 99, expected 1 to 16");
    EXPECT_NE(complaint(m_folder.path() / "none.yaml", {}, ErrorKind::Io).find("none.yaml"), std::string::npos);
    EXPECT_NE(complaint(m_folder.path()), "accepted");
}

TEST_F(LoadConfig, BadOverridesNameTheirKey) {
    const fs::path file = write("");
    EXPECT_EQ(complaint(file, {{"quantization.weight.bit_width", "99"}}),
              "--set: quantization.weight.bit_width is 99, expected 1 to 16");
    EXPECT_EQ(complaint(file, {{"train_params.epoch", "9"}}),
              "--set: train_params.epoch is not a known key (did you mean epochs?)");
    EXPECT_EQ(complaint(file, {{"train_params.epochs", ""}}), "--set: train_params.epochs is empty, which is no value");
    EXPECT_EQ(complaint(file, {{"data.imgsz", "8192"}}), "--set: data.imgsz is 8192, expected 32 to 4096");
    EXPECT_EQ(complaint(file, {{"data.imgsz", "[480, 640]"}}),
              "--set: data.imgsz is a list, expected a single value: inputs are square, so give the side alone "
              "(data.rect leaves the padding out when validating)");
    EXPECT_EQ(complaint(file, {{"export.formats", "["}}), "--set: export.formats is [, which is no value");
    EXPECT_EQ(complaint(file, {{"model.variant", "q"}}),
              "--set: model.variant is q, expected n, s, m, l, x of YOLOv8, also with -seg, -pose, -obb, -cls");
}

TEST_F(LoadConfig, SizesBetweenTheStepsAreTakenUpAndSaid) {
    std::vector<std::string> notices;
    const auto sizeOf = [&](const std::string& text,
                            const std::vector<std::pair<std::string, std::string>>& overrides = {}) {
        return loadConfig(write(text), overrides, &notices).data.imgsz;
    };
    EXPECT_EQ(sizeOf("data: {imgsz: 100}"), 128);
    EXPECT_EQ(notices, std::vector<std::string>{"data.imgsz is 100, which is no multiple of 32, so 128 is taken"});
    EXPECT_EQ(sizeOf("data: {imgsz: 100}", {{"data.imgsz", "4090"}}), 4096);
    EXPECT_EQ(notices, std::vector<std::string>{"data.imgsz is 4090, which is no multiple of 32, so 4096 is taken"});
    EXPECT_EQ(sizeOf("data: {imgsz: 100}", {{"data.imgsz", "160"}}), 160);
    EXPECT_TRUE(notices.empty());
    const ConfigReading reading = readConfig("data: {imgsz: 33}");
    EXPECT_TRUE(reading.valid());
    EXPECT_EQ(reading.config.data.imgsz, 64);
    ASSERT_EQ(reading.issues.size(), 1u);
    EXPECT_EQ(reading.issues[0].severity, Severity::Warning);
}

TEST_F(LoadConfig, WidthsOfFloatingPointTypesAreWrittenAsTheyAre) {
    const fs::path file = write("quantization: {activation: {dtype: float16}, weight: {bit_width: 4}}\n");
    const Config config = loadConfig(file);
    EXPECT_EQ(config.quantization.activation.bitWidth, 16);
    EXPECT_EQ(config.quantization.weight.bitWidth, 4);
    write(writeConfig(config));
    EXPECT_EQ(loadConfig(file).quantization, config.quantization) << "what a run keeps is read back";
    write("quantization: {activation: {dtype: float16}}\n");
    EXPECT_THROW(loadConfig(file, {{"quantization.activation.bit_width", "4"}}), Error);
}

TEST_F(LoadConfig, FilesThatComeWithTheProgramAreValidAndCommented) {
    const std::set<std::string> plain{"w8a8", "w4a8", "w4a16", "w8a16", "w4a4"};
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(QAT_CONFIGS_FOLDER)) {
        if (entry.path().extension() != ".yaml") continue;
        ++count;
        const std::string text = readFile(entry.path());
        EXPECT_TRUE(text.starts_with("# ")) << entry.path();
        const ConfigReading reading = readConfig(text);
        for (const ConfigIssue& issue : reading.issues)
            EXPECT_TRUE(issue.severity == Severity::Warning)
                << entry.path() << ":" << issue.line << ": " << issue.message;
        EXPECT_NO_THROW(loadConfig(entry.path()));
        if (!plain.contains(entry.path().stem().string())) continue;  // others may ask for what is not acted on yet
        EXPECT_TRUE(reading.issues.empty()) << entry.path() << ": " << reading.issues.front().message;
    }
    EXPECT_GE(count, 6u);
}

}  // namespace
}  // namespace qat
