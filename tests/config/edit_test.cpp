// Edits of one value keep every other byte.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "config/config_io.h"
#include "config/config_text.h"
#include "config/yaml_tree.h"
#include "guide_snippets.h"
#include "sample_values.h"

namespace qat {
namespace {

constexpr const char* kText =
    "# my run\n"
    "quantization:   # widths\n"
    "  weight:\n"
    "    bit_width: 8   # keep\n"
    "    scheme: \"per_channel\"\n"
    "  activation: {bit_width: 8, observer: 'minmax'} # flow\n"
    "\n"
    "  # entries\n"
    "  layer_configs:\n"
    "    - pattern: 'a\\.b'\n"
    "      config:\n"
    "        weight: {bit_width: 4}\n"
    "    # second\n"
    "    - pattern: \"c\"\n"
    "      skip: true\n"
    "export:\n"
    "  formats:\n"
    "    - onnx    # first\n"
    "    - \"tflite\"\n"
    "analysis:\n"
    "  metrics: [mse, mAP]  # two\n"
    "  test_samples:\n"
    "data: ~\n";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

struct SampleEdit {
    const char *path, *value, *from, *to;
};

TEST(SetConfigValue, ChangesExactlyTheValue) {
    const std::vector<SampleEdit> edits{
        {"quantization.weight.bit_width", "4", "bit_width: 8   # keep", "bit_width: 4   # keep"},
        {"quantization.weight.scheme", "per_tensor", "\"per_channel\"", "\"per_tensor\""},
        {"quantization.activation.bit_width", "16", "{bit_width: 8,", "{bit_width: 16,"},
        {"quantization.activation.observer", "histogram", "'minmax'}", "'histogram'}"},
        {"quantization.layer_configs[0].config.weight.bit_width", "5", "{bit_width: 4}", "{bit_width: 5}"},
        {"quantization.layer_configs[0].pattern", "it's", "'a\\.b'", "'it''s'"},
        {"quantization.layer_configs[1].skip", "false", "skip: true", "skip: false"},
        {"export.formats", "[openvino, tflite]", "- onnx    # first", "- openvino    # first"},
        {"export.formats", "onnx", "    - \"tflite\"\n", ""},
        {"export.formats", "[onnx, tflite, tensorrt]", "    - \"tflite\"\n", "    - \"tflite\"\n    - tensorrt\n"},
        {"analysis.metrics", "[mse, cosine]", "[mse, mAP]", "[mse, cosine]"},
        {"analysis.metrics", "[cosine]", "[mse, mAP]", "[cosine]"},
        {"analysis.metrics", "[]", "[mse, mAP]", "[]"},
        {"analysis.test_samples", "7", "test_samples:", "test_samples: 7"},
        {"quantization.weight.bit_width", "", "bit_width: 8   # keep", "bit_width:    # keep"},
        {"quantization.weight.bit_width", "nonsense", "bit_width: 8   # keep", "bit_width: nonsense   # keep"},
        {"quantization.weight.bit_width", "] oops", "bit_width: 8   # keep", "bit_width: \"] oops\"   # keep"},
        // Missing keys go after their predecessor in the guide, in the way their section is written.
        {"quantization.weight.dtype", "quint8", "\"per_channel\"\n", "\"per_channel\"\n    dtype: \"quint8\"\n"},
        {"quantization.weight.symmetric", "false", "\"per_channel\"\n", "\"per_channel\"\n    symmetric: false\n"},
        {"quantization.activation.symmetric", "true", "'minmax'}", "'minmax', symmetric: true}"},
        {"quantization.fake_quantize.type", "lsq", "# flow\n", "# flow\n  fake_quantize:\n    type: \"lsq\"\n"},
        {"quantization.layer_configs[0].config.activation.bit_width", "8", "    # second\n",
         "        activation:\n          bit_width: 8\n    # second\n"},
        {"quantization.layer_configs[0].skip", "true", "'a\\.b'\n", "'a\\.b'\n      skip: true\n"},
        {"quantization.layer_configs[2].pattern", "d", "skip: true\n", "skip: true\n    - pattern: \"d\"\n"},
        {"data.imgsz", "320", "data: ~", "data: {imgsz: 320}"},
        {"train_params.loss_weights.box", "0.5", "export:\n",
         "train_params:\n  loss_weights:\n    box: 0.5\nexport:\n"},
    };
    for (const SampleEdit& edit : edits) {
        const std::string changed = setConfigValue(kText, edit.path, edit.value);
        const std::string expected = replaced(kText, edit.from, edit.to);
        EXPECT_EQ(changed, expected) << edit.path << " = " << edit.value;
    }
}

TEST(SetConfigValue, BuildsAFileFromNothing) {
    std::string text = setConfigValue("", "quantization.weight.bit_width", "4");
    EXPECT_EQ(text, "quantization:\n  weight:\n    bit_width: 4\n");
    text = setConfigValue(text, "model.pretrained_path", "a b.pt");
    text = setConfigValue(text, "quantization.layer_configs[0].pattern", "x\\.y");
    text = setConfigValue(text, "quantization.layer_configs[0].config.weight.bit_width", "8");
    text = setConfigValue(text, "quantization.layer_configs[1].pattern", "z");
    const ConfigReading reading = readConfig(text);
    EXPECT_TRUE(reading.issues.empty()) << text;
    ASSERT_EQ(reading.config.quantization.layerConfigs.size(), 2u) << text;
    EXPECT_EQ(reading.config.quantization.layerConfigs[0].pattern, "x\\.y");
    EXPECT_EQ(reading.config.quantization.layerConfigs[0].weight.bitWidth, 8);
    EXPECT_EQ(reading.config.model.pretrainedPath, "a b.pt");
}

TEST(SetConfigValue, KeepsLineBreaksIndentationAndElisions) {
    EXPECT_EQ(setConfigValue("model:\r\n    variant: n\r\n", "model.num_classes", "3"),
              "model:\r\n    variant: n\r\n    num_classes: 3\r\n");
    EXPECT_EQ(setConfigValue("model:\n    variant: n\n", "data.imgsz", "320"),
              "model:\n    variant: n\ndata:\n    imgsz: 320\n");
    EXPECT_EQ(setConfigValue("model:\n  variant: n", "model.num_classes", "3"),
              "model:\n  variant: n\n  num_classes: 3");
    EXPECT_EQ(setConfigValue("model:\n  ...\n", "model.variant", "s"), "model:\n  variant: \"s\"\n  ...\n");
    EXPECT_EQ(setConfigValue("{}", "data.imgsz", "320"), "{data: {imgsz: 320}}");
    EXPECT_EQ(setConfigValue("# c", "data.imgsz", "320"), "# c\ndata:\n  imgsz: 320\n");
    EXPECT_EQ(setConfigValue("export:\n  formats: [onnx,\n    tflite]\n", "export.formats", "[onnx]"),
              "export:\n  formats: [onnx]\n");
}

TEST(SetConfigValue, EveryFieldInEveryGuideText) {
    for (const size_t i : {0, 4, 6, 11, 13}) {
        const test::GuideSnippet& snippet = test::guideSnippets()[i];
        for (const ConfigField& field : configFields()) {
            const std::string value = test::otherValue(field);
            const std::string changed = setConfigValue(snippet.text, field.path, value);
            const ConfigReading reading = readConfig(changed);
            ASSERT_TRUE(reading.valid()) << snippet.name << " " << field.path << "\n" << changed;
            const Config expected = readConfig(snippet.text).config;
            // The same value through a file of its own, so that nothing but it may have changed.
            const std::string alone = setConfigValue(writeConfig(expected), field.path, value);
            ASSERT_EQ(reading.config, readConfig(alone).config) << snippet.name << " " << field.path << "\n" << changed;
            const std::string given = configValueAt(changed, field.path).value;
            EXPECT_EQ(setConfigValue(changed, field.path, given), changed) << field.path;
        }
    }
}

// Longest common start and end: what is between them is what an edit touched.
size_t touchedBytes(const std::string& before, const std::string& after) {
    size_t start = 0, end = 0;
    const size_t shorter = std::min(before.size(), after.size());
    while (start < shorter && before[start] == after[start]) ++start;
    while (end < shorter - start && before[before.size() - 1 - end] == after[after.size() - 1 - end]) ++end;
    return before.size() - start - end;
}

TEST(SetConfigValue, EveryFieldKeepsCommentsAndAllOtherBytes) {
    std::string text;
    for (const ConfigField& field : configFields()) text = setConfigValue(text, field.path, test::otherValue(field));
    std::string commented = "# header\n\n";
    for (size_t start = 0; start < text.size();) {
        const size_t end = text.find('\n', start);
        commented +=
            text.substr(start, end - start) + "   # about this: 'x' [y]\n" + (start % 3 == 0 ? "\n  # more\n" : "");
        start = end + 1;
    }
    const Config before = readConfig(commented).config;
    ASSERT_EQ(before, readConfig(text).config);
    for (const ConfigField& field : configFields()) {
        if (field.choices.size() == 1) continue;
        std::string value = test::otherValue(field, 1);
        if (value == test::otherValue(field)) value = field.defaultValue;
        const std::string changed = setConfigValue(commented, field.path, value);
        EXPECT_EQ(configValueAt(changed, field.path).value, value) << field.path;
        EXPECT_EQ(configValueAt(changed, field.path).line, configValueAt(commented, field.path).line);
        EXPECT_LE(touchedBytes(commented, changed), 40u) << field.path;
        EXPECT_TRUE(readConfig(changed).valid()) << field.path << " " << value;
        EXPECT_NE(readConfig(changed).config, before) << field.path;
        // Setting the old value again must give the old bytes: nothing else was touched.
        const std::string back = setConfigValue(changed, field.path, configValueAt(commented, field.path).value);
        EXPECT_EQ(readConfig(back).config, before) << field.path;
        if (field.kind == ConfigField::Kind::List) continue;  // written anew when its length changes
        EXPECT_EQ(back, commented) << field.path;
    }
}

TEST(SetConfigValue, RefusesWhatItCannotDoExactly) {
    const std::vector<std::vector<std::string>> cases{
        {"", "model.nothing", "1", "model.nothing is not a known key"},
        {"", "model", "1", "model is not a known key"},
        {"", "quantization.layer_configs[x].pattern", "1", ""},
        {"", "quantization.layer_configs[3].pattern", "1", ""},
        {"a: [", "model.variant", "s", "the text is not YAML"},
        {"model: n\n", "model.variant", "s", "model is not a section"},
        {"quantization:\n  weight: &w {bit_width: 4}\n  activation: *w\n", "quantization.activation.bit_width", "8",
         "quantization.activation is an alias"},
        {"quantization:\n  weight: &w {bit_width: 4}\n  activation: *w\n", "quantization.weight.bit_width", "8",
         "quantization.weight.bit_width is written in a way"},
        {"model:\n  pretrained_path: |\n    x\n", "model.pretrained_path", "y",
         "model.pretrained_path is written as a block"},
        {"model:\n  pretrained_path: a\n    b\n", "model.pretrained_path", "y",
         "model.pretrained_path is written in a way"},
        {"", "export.formats", "[a", "export.formats is [a, expected a list"},
        {"", "export.formats", "[{a: b}]", "export.formats is [{a: b}], expected a list of plain values"},
    };
    for (const auto& row : cases) {
        try {
            const std::string changed = setConfigValue(row[0], row[1], row[2]);
            ADD_FAILURE() << row[1] << " gave\n" << changed;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::BadInput);
            EXPECT_TRUE(std::string(error.what()).starts_with(row[3])) << error.what();
        }
    }
}

TEST(RemoveConfigValue, TakesKeysSectionsAndEntriesAway) {
    const auto remove = [](const char* path) { return removeConfigValue(kText, path); };
    EXPECT_EQ(remove("quantization.weight.bit_width"), replaced(kText, "    bit_width: 8   # keep\n", ""));
    EXPECT_EQ(remove("quantization.activation.bit_width"), replaced(kText, "bit_width: 8, obs", "obs"));
    EXPECT_EQ(remove("quantization.activation.observer"), replaced(kText, ", observer: 'minmax'", ""));
    EXPECT_EQ(remove("quantization.layer_configs[1]"), replaced(kText, "    - pattern: \"c\"\n      skip: true\n", ""));
    EXPECT_EQ(remove("quantization.layer_configs[0]"),
              replaced(kText, "    - pattern: 'a\\.b'\n      config:\n        weight: {bit_width: 4}\n", ""));
    EXPECT_EQ(remove("quantization.layer_configs[1].pattern"), replaced(kText, "pattern: \"c\"\n      skip", "skip"));
    EXPECT_EQ(remove("export"), replaced(kText, "export:\n  formats:\n    - onnx    # first\n    - \"tflite\"\n", ""));
    EXPECT_EQ(remove("analysis.test_samples"), replaced(kText, "  test_samples:\n", ""));
    EXPECT_EQ(remove("model.variant"), kText);
    EXPECT_EQ(remove("quantization.layer_configs[7]"), kText);
    EXPECT_THROW(remove("model.zzz"), Error);
}

TEST(RemoveConfigValue, EveryFieldCanBeTakenBack) {
    for (const ConfigField& field : configFields()) {
        const std::string added = setConfigValue(kText, field.path, test::otherValue(field));
        const std::string without = removeConfigValue(added, field.path);
        EXPECT_EQ(configValueAt(without, field.path).line, 0) << field.path;
        EXPECT_EQ(configValueAt(without, field.path).value, field.defaultValue) << field.path;
        EXPECT_TRUE(readConfig(without).valid()) << field.path;
    }
}

TEST(ConfigValueAt, GivesValueAndLineOrTheDefault) {
    EXPECT_EQ(configValueAt(kText, "quantization.weight.bit_width").value, "8");
    EXPECT_EQ(configValueAt(kText, "quantization.weight.bit_width").line, 4);
    EXPECT_EQ(configValueAt(kText, "export.formats").value, "[onnx, tflite]");
    EXPECT_EQ(configValueAt(kText, "quantization.layer_configs[0].pattern").value, "a\\.b");
    EXPECT_EQ(configValueAt(kText, "quantization.layer_configs[0].config.weight.dtype").value, "");
    EXPECT_EQ(configValueAt(kText, "train_params.epochs").value, "2");
    EXPECT_EQ(configValueAt(kText, "train_params.epochs").line, 0);
    EXPECT_EQ(configValueAt("a: [", "train_params.epochs").value, "2");
    EXPECT_THROW(configValueAt(kText, "train_params.epoch"), Error);
}

TEST(ConfigText, SaysOfEveryKeyWhatIsSaidOfOne) {
    for (const std::string& text : {std::string(kText), std::string("a: ["), std::string()}) {
        const std::vector<ConfigValueAt> values = ConfigText(text).fieldValues();
        ASSERT_EQ(values.size(), configFields().size());
        for (size_t i = 0; i < values.size(); ++i) {
            const ConfigValueAt one = configValueAt(text, configFields()[i].path);
            EXPECT_EQ(values[i].value, one.value) << configFields()[i].path;
            EXPECT_EQ(values[i].line, one.line) << configFields()[i].path;
        }
    }
}

TEST(ConfigText, IsParsedOnceWhateverIsAsked) {
    const size_t before = parsedYamlTexts();
    const ConfigText text{std::string(kText)};
    text.fieldValues();
    EXPECT_EQ(text.valueAt("quantization.weight.bit_width").value, "8");
    EXPECT_EQ(text.reading().config, readConfig(kText).config);
    EXPECT_EQ(parsedYamlTexts() - before, 2u) << "its own parse, and that of readConfig";
}

TEST(ConfigText, AnEditIsParsedOnceMore) {
    const ConfigText text{std::string(kText)};
    const size_t before = parsedYamlTexts();
    const ConfigText changed = text.withValue("quantization.weight.bit_width", "5");
    EXPECT_EQ(changed.valueAt("quantization.weight.bit_width").value, "5");
    EXPECT_EQ(changed.reading().config.quantization.weight.bitWidth, 5);
    EXPECT_EQ(parsedYamlTexts() - before, 1u) << "to prove the edit; the values come from that tree";
    EXPECT_EQ(changed.text(), setConfigValue(kText, "quantization.weight.bit_width", "5"));
    EXPECT_EQ(text.text(), kText) << "the text itself stays";
    EXPECT_THROW(text.withValue("quantization.weight.bits", "5"), Error);
    EXPECT_THROW(ConfigText("a: [").withValue("quantization.weight.bit_width", "5"), Error);
}

}  // namespace
}  // namespace qat
