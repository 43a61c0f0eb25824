// Writing in full and reading back; the table of keys itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "config/config_io.h"
#include "guide_snippets.h"
#include "sample_values.h"

namespace qat {
namespace {

void expectRoundTrip(const Config& config, const std::string& what) {
    const std::string text = writeConfig(config);
    const ConfigReading reading = readConfig(text);
    EXPECT_TRUE(reading.valid()) << what << "\n" << text;
    EXPECT_EQ(reading.config, config) << what << "\n" << text;
    EXPECT_EQ(writeConfig(reading.config), text) << what;
}

TEST(WriteConfig, DefaultsAndGuideComeBack) {
    expectRoundTrip({}, "defaults");
    for (const auto& snippet : test::guideSnippets()) expectRoundTrip(readConfig(snippet.text).config, snippet.name);
}

TEST(WriteConfig, EveryKeyComesBack) {
    for (const int variant : {0, 1}) {
        std::string text;
        for (const ConfigField& field : configFields())
            text = setConfigValue(text, field.path, test::otherValue(field, variant));
        const ConfigReading reading = readConfig(text);
        ASSERT_TRUE(reading.valid()) << reading.issues.front().message << "\n" << text;
        expectRoundTrip(reading.config, "all keys");
    }
}

TEST(WriteConfig, OddTextsAndOverridesComeBack) {
    Config config;
    config.model.pretrainedPath = "a \"b\"\\c\n\t'd' # \xC3\xA9: {x}";
    config.distillation.featureLayers = {"", "a, b", "null", "[x]", "-1"};
    config.sensitivity.bits.clear();
    config.train.lr = 1.0 / 3;
    config.quantization.fakeQuantize.eps = 1.2345e-11;
    config.run.seed = 9007199254740991;
    config.train.lossWeights.dfl = 0.1;
    LayerConfig layer;
    layer.pattern = "^model\\.\\d+\"x\"$";
    config.quantization.layerConfigs.push_back(layer);
    layer.skip = false;
    layer.weight = {
        DType::QUInt8, Scheme::PerGroup, ObserverKind::CustomMinMax, false, 3, 1, 32, true, false, -0.25, 1.0 / 3,
        true};
    layer.activation.bitWidth = 16;
    layer.fakeQuantize.eps = 1e-6;
    layer.fakeQuantize.scaleType = ScaleKind::PowerOfTwo;
    layer.fakeQuantize.learnOffset = true;
    layer.calibration.method = CalibrationMethod::Percentile;
    config.quantization.layerConfigs.push_back(layer);
    config.qat.fusionPatterns.push_back({"a\\.b", {"conv", "bn"}, "fuse"});
    config.qat.fusionPatterns.push_back({"c", {"conv", "bn", "silu"}, ""});
    expectRoundTrip(config, "odd values");
}

TEST(WriteConfig, NumbersAreWrittenForOtherReadersToo) {
    const std::string text = writeConfig({});
    EXPECT_NE(text.find("  lr: 0.0005\n"), std::string::npos) << text;
    EXPECT_NE(text.find("    grad_factor: 1.0\n"), std::string::npos);
    EXPECT_NE(text.find("    eps: 0.00001\n"), std::string::npos);
    EXPECT_NE(text.find("  layer_configs: []\n"), std::string::npos);
    EXPECT_NE(text.find("  variant: \"n\"\n"), std::string::npos);
}

TEST(ConfigFields, AreCompleteForAForm) {
    std::set<std::string> paths;
    for (const ConfigField& field : configFields()) {
        EXPECT_TRUE(paths.insert(field.path).second) << field.path;
        EXPECT_EQ(field.section, field.path.substr(0, field.path.find('.')));
        EXPECT_FALSE(field.label.empty()) << field.path;
        EXPECT_TRUE(field.help.ends_with(".")) << field.path;
        const bool number = field.kind == ConfigField::Kind::Integer || field.kind == ConfigField::Kind::Real;
        EXPECT_TRUE(!number || field.minimum < field.maximum) << field.path;
        EXPECT_TRUE(field.kind != ConfigField::Kind::Choice || !field.choices.empty()) << field.path;
        EXPECT_EQ(configValueAt("", field.path).value, field.defaultValue);
    }
    std::vector<std::string> sections;
    for (const ConfigField& field : configFields())
        if (sections.empty() || sections.back() != field.section) sections.push_back(field.section);
    EXPECT_EQ(std::set<std::string>(sections.begin(), sections.end()).size(), sections.size())
        << "a section stands in one place";
    const std::vector<std::string> guide{"model",        "quantization", "calibration", "qat_params",
                                         "distillation", "train_params", "analysis",    "export"};
    ASSERT_GE(sections.size(), guide.size());
    EXPECT_TRUE(std::equal(guide.begin(), guide.end(), sections.begin()))
        << "the guide's sections come first, in its order";
}

TEST(ConfigFields, DefaultsAreThoseOfTheStructs) {
    std::string text;
    for (const ConfigField& field : configFields())
        if (!field.defaultValue.empty()) text = setConfigValue(text, field.path, field.defaultValue);
    EXPECT_EQ(readConfig(text).config, Config{}) << text;
}

}  // namespace
}  // namespace qat
