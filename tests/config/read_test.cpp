// Reading: the guide's texts, exact complaints with their places, and texts that are hostile.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "config/config_io.h"
#include "guide_snippets.h"

namespace qat {
namespace {

std::string listed(const std::vector<ConfigIssue>& issues) {
    std::string text;
    for (const ConfigIssue& issue : issues)
        text += str(issue.severity == Severity::Error ? "error " : "warning ", issue.line, ":", issue.column, " [",
                    issue.key, "] ", issue.message, "\n");
    return text;
}

// The one error of a text.
ConfigIssue onlyError(const std::string& text) {
    ConfigIssue found;
    int count = 0;
    const ConfigReading reading = readConfig(text);
    for (const ConfigIssue& issue : reading.issues)
        if (issue.severity == Severity::Error && count++ == 0) found = issue;
    EXPECT_EQ(count, 1) << listed(reading.issues);
    return found;
}

TEST(ReadConfig, EmptyTextGivesDefaultsAndNoIssue) {
    for (const char* text : {"", "\n", "# only a comment\n", "---\n", "\xEF\xBB\xBF", "model:\nexport:\n"}) {
        const ConfigReading reading = readConfig(text);
        EXPECT_TRUE(reading.issues.empty()) << text << listed(reading.issues);
        EXPECT_EQ(reading.config, Config{});
    }
}

TEST(ReadConfig, EverySnippetOfTheGuideIsValid) {
    ASSERT_EQ(test::guideSnippets().size(), 14u);
    for (const auto& snippet : test::guideSnippets()) {
        const ConfigReading reading = readConfig(snippet.text);
        EXPECT_TRUE(reading.valid()) << snippet.name << "\n" << listed(reading.issues);
    }
}

TEST(ReadConfig, GuideValuesArrive) {
    const auto& snippets = test::guideSnippets();
    const Config layers = readConfig(snippets[4].text).config;
    ASSERT_EQ(layers.quantization.layerConfigs.size(), 2u);
    const LayerConfig& head = layers.quantization.layerConfigs[1];
    EXPECT_EQ(head.pattern, "model.[0-9]+.detect");
    EXPECT_EQ(head.line, 15);
    EXPECT_EQ(head.activation.observer, ObserverKind::Histogram);
    EXPECT_EQ(head.weight.observer, ObserverKind::PerChannelMinMax);
    EXPECT_EQ(head.weight.bitWidth, 8);
    EXPECT_FALSE(head.weight.symmetric.has_value());
    EXPECT_FALSE(head.skip.has_value());
    EXPECT_EQ(head.fakeQuantize.type, FakeQuantKind::Lsq);
    EXPECT_EQ(head.calibration.method, CalibrationMethod::Entropy);
    EXPECT_EQ(head.calibration.percentile, 99.99);
    EXPECT_EQ(layers.quantization.layerConfigs[0].fakeQuantize.gradFactor, 1.0);

    const Config qat = readConfig(snippets[6].text).config;
    ASSERT_EQ(qat.qat.fusionPatterns.size(), 2u);
    EXPECT_EQ(qat.qat.fusionPatterns[1].pattern, "model\\.\\d+\\.cv\\d+\\.conv");
    EXPECT_EQ(qat.qat.fusionPatterns[1].modules, (std::vector<std::string>{"conv", "bn", "silu"}));
    EXPECT_TRUE(qat.qat.autoAdaptBitWidth);

    const Config production = readConfig(snippets[13].text).config;
    EXPECT_EQ(production.model.variant, "s");
    EXPECT_EQ(production.train.optimizer, OptimizerKind::AdamW);
    EXPECT_EQ(production.train.lr, 0.0003);
    EXPECT_EQ(production.calibration.coresetSize, 2000);
    EXPECT_EQ(production.exporting.formats, (std::vector<std::string>{"onnx", "tensorrt", "openvino"}));
}

TEST(ReadConfig, OutOfRangeNamesKeyPlaceAndRange) {
    const ConfigIssue issue = onlyError("# head\nquantization:\n  weight:\n    bit_width: 99  # too many\n");
    EXPECT_EQ(issue.message, "quantization.weight.bit_width is 99, expected 1 to 16");
    EXPECT_EQ(issue.key, "quantization.weight.bit_width");
    EXPECT_EQ(issue.line, 4);
    EXPECT_EQ(issue.column, 16);
}

struct Complaint {
    const char* text;
    const char* message;
};

constexpr Complaint kMistakes[] = {
    {"model: {variant: q}", "model.variant is q, expected n, s, m, l, x of YOLOv8, also with -seg, -pose, -obb, -cls"},
    {"model: {variant: ''}",
     "model.variant is empty, expected n, s, m, l, x of YOLOv8, also with -seg, -pose, -obb, -cls"},
    {"model: {variant: 'a b'}",
     "model.variant is a b, expected n, s, m, l, x, b, t, c, e, nu, su, mu, lu, xu, u, -tinyu, -sppu, 20, 32, 44, 56, "
     "110, 18, 34, 50, 101, 152, 11, 13, 16, 19, 11_bn, 13_bn, 16_bn, 19_bn or a scale of the table"},
    {"model: {architecture: yolov8.txt}",
     "model.architecture is yolov8.txt, expected yolov8, yolo11, yolo26, yolo12, yolov10, yolov9, yolov5, yolov3, "
     "resnet, "
     "vgg, mobilenetv1, cnv or a member of one (resnet20, quant_resnet20), or a table of layers (.yaml)"},
    {"model: {pretrained_path: my/p2.yaml}",
     "model.pretrained_path is my/p2.yaml, a table of layers, which holds no weights: it goes into "
     "model.architecture"},
    {"distillation: {teacher_model: p2.yml}",
     "distillation.teacher_model is p2.yml, a table of layers, which holds no weights: it goes into "
     "model.architecture"},
    {"run: {device: 'cuda:x'}", "run.device is cuda:x, expected cpu, cuda, auto or cuda:N"},
    {"run: {device: 'xcuda:1'}", "run.device is xcuda:1, expected cpu, cuda, auto or cuda:N"},
    {"model: {num_classes: 2.5}", "model.num_classes is 2.5, expected a whole number"},
    {"model: {num_classes: \"80\"}", "model.num_classes is the text \"80\", expected a whole number"},
    {"model: {num_classes: 99999999999999999999}", "model.num_classes is 99999999999999999999, expected 0 to 100000"},
    {"train_params: {lr: fast}", "train_params.lr is fast, expected a number"},
    {"train_params: {lr: .nan}", "train_params.lr is .nan, expected a number"},
    {"train_params: {lr: nan}", "train_params.lr is nan, expected a number"},
    {"train_params: {lr: -1e-3}", "train_params.lr is -1e-3, expected 0 to 10"},
    {"train_params: {lr: 1e999}", "train_params.lr is 1e999, expected 0 to 10"},
    {"train_params: {lr: [1]}", "train_params.lr is a list, expected a single value"},
    {"train_params: {lr: {a: 1}}", "train_params.lr is a section, expected a single value"},
    {"train_params: 5", "train_params is 5, expected a section with keys below it"},
    {"qat_params: {use_lsq: maybe}", "qat_params.use_lsq is maybe, expected true or false"},
    {"qat_params: {use_lsq: 'true'}", "qat_params.use_lsq is the text \"true\", expected true or false"},
    {"quantization: {weight: {bitwidth: 4}}",
     "quantization.weight.bitwidth is not a known key (did you mean bit_width?)"},
    {"quantization: {weight: {bit-width: 4}}",
     "quantization.weight.bit-width is not a known key (did you mean bit_width?)"},
    {"quantisation: {}", "quantisation is not a known key (did you mean quantization?)"},
    {"epochs: 3", "epochs is not a known key (did you mean train_params.epochs?)"},
    {"zzz: 3", "zzz is not a known key"},
    {"quantization.weight.bit_width: 3", "quantization.weight.bit_width is not a known key"},
    {"<<: 3", "<< is not a known key"},
    {"model: {variant: s, variant: n}", "model.variant is given twice"},
    {"export: {formats: onnx}", "export.formats is onnx, expected a list such as [a, b]"},
    {"export: {formats: [onnx, tensort]}",
     "export.formats is a list with the element tensort, expected onnx, qonnx, safetensors, safetensors16, tensorrt, "
     "tflite "
     "or openvino"},
    {"sensitivity: {bits: [4, 32]}", "sensitivity.bits is a list with the element 32, expected 2 to 16"},
    {"quantization: {layer_configs: {a: b}}",
     "quantization.layer_configs is no list, expected entries that start with a dash"},
    {"quantization: {layer_configs: [{skip: true}]}", "quantization.layer_configs[0].pattern is missing"},
    {"quantization: {layer_configs: [5]}",
     "quantization.layer_configs[0] is no section, expected an entry with a pattern"},
    {"quantization: {layer_configs: [{pattern: 'a', weight: {bit_width: 4}}]}",
     "quantization.layer_configs[0].weight is not a known key"},
    {"quantization: {layer_configs: [{pattern: 'a', config: {weight: {bit_width: 0}}}]}",
     "quantization.layer_configs[0].config.weight.bit_width is 0, expected 1 to 16"},
    {"quantization: {layer_configs: [{pattern: 'model.('}]}",
     "quantization.layer_configs[0].pattern is \"model.(\", which is no regular expression (missing ): model.()"},
    {"quantization: {layer_configs: [{pattern: ''}]}",
     "quantization.layer_configs[0].pattern is empty, expected a regular expression"},
    {"data: {imgsz: 5000}", "data.imgsz is 5000, expected 32 to 4096"},
    {"data: {imgsz: [480, 640]}",
     "data.imgsz is a list, expected a single value: inputs are square, so give the side alone (data.rect leaves "
     "the padding out when validating)"},
    {"[1, 2]", "the file does not start with a section such as model"},
    {"model: {variant: n}\n---\nmodel: {variant: s}", "the file holds a second YAML document, which is not read"},
    {"model: {variant: n}\n---\n---\nmodel: {variant: s}", "the file holds a second YAML document, which is not read"},
    {"model: *nothing", "the file is not YAML (the referenced anchor is not defined)"},
};

TEST(ReadConfig, EveryKindOfMistakeHasItsSentence) {
    for (const auto& [text, message] : kMistakes) {
        const ConfigIssue issue = onlyError(text);
        std::string found = issue.message;
        if (found.find("did you mean") != std::string::npos && !std::string(message).ends_with(")"))
            found = found.substr(0, found.find(" (did"));
        if (const size_t at = found.find(": nothing)"); at != std::string::npos)
            found.erase(at, found.size() - at - 1);  // newer readers of YAML name the anchor
        EXPECT_EQ(found, message) << text;
        EXPECT_GE(issue.line, 1) << text;
    }
}

TEST(ReadConfig, AKeyThatHasMovedSaysWhereItIs) {
    const ConfigReading reading = readConfig("train_params:\n  ema:\n    decay: 0.99\n");
    ASSERT_EQ(reading.issues.size(), 1u);
    EXPECT_EQ(reading.issues[0].message, "train_params.ema is not a known key (it is ema now)");
    EXPECT_EQ(reading.issues[0].line, 2);
    EXPECT_FALSE(reading.valid());
}

TEST(ReadConfig, BadValueLeavesTheDefaultAndTheRestIsRead) {
    const ConfigReading reading =
        readConfig("quantization: {weight: {bit_width: 99, symmetric: false}}\ntrain_params: {epochs: 7}\n");
    EXPECT_FALSE(reading.valid());
    EXPECT_EQ(reading.config.quantization.weight.bitWidth, 8);
    EXPECT_FALSE(reading.config.quantization.weight.symmetric);
    EXPECT_EQ(reading.config.train.epochs, 7);
}

TEST(ReadConfig, EmptyValueWarnsAndUsesTheDefault) {
    const ConfigReading reading = readConfig("quantization:\n  weight:\n    bit_width:\n");
    ASSERT_EQ(reading.issues.size(), 1u) << listed(reading.issues);
    EXPECT_EQ(reading.issues[0].severity, Severity::Warning);
    EXPECT_EQ(reading.issues[0].message, "quantization.weight.bit_width is empty, so its default 8 is used");
    EXPECT_EQ(reading.issues[0].line, 3);
}

TEST(ReadConfig, NumbersAndSwitchesInTheirSpellings) {
    const Config config =
        readConfig("train_params: {lr: +1e-3, epochs: +4, weight_decay: 1}\nqat_params: {use_lsq: Yes}\n").config;
    EXPECT_EQ(config.train.lr, 1e-3);
    EXPECT_EQ(config.train.epochs, 4);
    EXPECT_EQ(config.train.weightDecay, 1.0);
    EXPECT_TRUE(config.qat.useLsq);
}

TEST(ReadConfig, ColumnsCountCharactersAndMarksAreSkipped) {
    const std::string text =
        "\xEF\xBB\xBF"
        "model: {pretrained_path: \"g\xC3\xB6\xC3\xB6"
        "d\", variant: q}\r\n";
    const ConfigIssue issue = onlyError(text);
    EXPECT_EQ(issue.line, 1);
    EXPECT_EQ(issue.column, 43);
}

TEST(ReadConfig, AnchorsAndAliasesAreRead) {
    const ConfigReading reading =
        readConfig("quantization:\n  weight: &w {bit_width: 4, scheme: per_tensor}\n  activation: *w\n");
    EXPECT_TRUE(reading.valid()) << listed(reading.issues);
    EXPECT_EQ(reading.config.quantization.activation.bitWidth, 4);
    EXPECT_EQ(reading.config.quantization.activation.dtype, DType::QUInt8);
}

TEST(ReadConfig, EveryProblemIsListedInFileOrder) {
    const ConfigReading reading = readConfig("zzz: 1\nmodel: {variant: q}\ndata: {imgsz: 100}\nyyy: 2\n");
    ASSERT_EQ(reading.issues.size(), 4u);
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(reading.issues[i].line, static_cast<int>(i) + 1);
}

TEST(ReadConfig, ElevenMistakesAreElevenErrorsAtTheirPlaces) {
    const ConfigReading reading = readConfig(
        "model:\n  variant: q\n  colour: red\n"
        "quantization:\n  weight:\n    bit_width: 99\n    dtype: int8\n  activation: 7\n"
        "  layer_configs:\n    - pattern: 'model('\n    - config: {weight: {bit_width: 4}}\n"
        "calibration:\n  method: entropi\n"
        "train_params:\n  lr: fast\n  lr: 0.1\n"
        "export:\n  formats: [onnx, tensorflow]\n");
    const std::vector<std::pair<int, int>> expected{{2, 12}, {3, 3},   {6, 16}, {7, 12}, {8, 15}, {10, 16},
                                                    {11, 7}, {13, 11}, {15, 7}, {16, 3}, {18, 19}};
    std::vector<std::pair<int, int>> places;
    for (const ConfigIssue& issue : reading.issues) places.emplace_back(issue.line, issue.column);
    EXPECT_EQ(places, expected);
    EXPECT_TRUE(std::ranges::all_of(reading.issues,
                                    [](const ConfigIssue& issue) { return issue.severity == Severity::Error; }));
}

TEST(ReadConfig, BadBytesAreNamed) {
    EXPECT_EQ(onlyError("model: {variant: \"\xFF\"}").message, "the file is not UTF-8");
    EXPECT_EQ(onlyError("a: \xC0\xAF").message, "the file is not UTF-8");
    EXPECT_EQ(onlyError("a: \xED\xA0\x80").message, "the file is not UTF-8");
    EXPECT_EQ(onlyError(std::string("model:\n  variant: n\0", 20)).message, "the file holds the control character 0");
    EXPECT_EQ(onlyError(std::string("m\0o\0d\0", 6)).column, 2);
    EXPECT_EQ(onlyError("model: {variant: n}\n}").message, "the file is not YAML (illegal flow end)");
    EXPECT_TRUE(readConfig("model: {variant: n}\n...\n---\n").valid());
    EXPECT_EQ(onlyError("a: [1, 2").message.substr(0, 20), "the file is not YAML");
}

TEST(ReadConfig, LongAndOddTextsAreCutInMessages) {
    const ConfigIssue issue = onlyError("model: {variant: \"" + std::string(5000, 'x') + "\\n\"}");
    EXPECT_LT(issue.message.size(), 300u);
    EXPECT_EQ(issue.message.find('\n'), std::string::npos);
}

std::string repeated(const std::string& piece, size_t count) {
    std::string text;
    text.reserve(piece.size() * count);
    for (size_t i = 0; i < count; ++i) text += piece;
    return text;
}

TEST(ReadConfig, HostileTextsEndQuicklyWithOneError) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) bomb += str("a", i, ": &a", i, " [", repeated(str("*a", i - 1, ", "), 9), "]\n");
    const std::vector<std::pair<const char*, std::string>> texts{
        {"alias bomb", bomb},
        {"self reference", "a: &a [*a]\n"},
        {"deep flow", repeated("[", 100000)},
        {"deep block", repeated("- ", 100000)},
        {"deep maps", repeated("{a: ", 100000)},
        {"many values", "a: [" + repeated("1,", 1000000) + "]"},
        {"large", std::string((size_t{4} << 20) + 1, '#')},
        {"question marks", repeated("? ", 200000)},
        {"anchors", repeated("&a ", 200000)},
        {"tags", repeated("!a ", 200000)},
        {"quotes", repeated("'", 1000001)},
        {"indents",
         [] {
             std::string text;
             for (size_t i = 0; i < 1000; ++i) text += std::string(i, ' ') + "a:\n";
             return text;
         }()},
    };
    for (const auto& [name, text] : texts) {
        const auto start = std::chrono::steady_clock::now();
        const ConfigReading reading = readConfig(text);
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        EXPECT_FALSE(reading.valid()) << name;
        EXPECT_LE(reading.issues.size(), 201u) << name;
        EXPECT_LT(seconds.count(), 5.0) << name;
        RecordProperty(name, std::to_string(seconds.count()));
    }
}

TEST(ReadConfig, IssuesAreCapped) {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += str("unknown_key_", i, ": 1\n");
    const ConfigReading reading = readConfig(text);
    EXPECT_EQ(reading.issues.size(), 201u);
    EXPECT_EQ(reading.issues.back().message, "there are more problems, which are left out here");
}

}  // namespace
}  // namespace qat
