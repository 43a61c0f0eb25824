// Warnings about settings that contradict each other or are not acted on.
#include <gtest/gtest.h>

#include <algorithm>

#include "config/config_io.h"
#include "guide_snippets.h"

namespace qat {
namespace {

std::vector<ConfigIssue> warningsFor(const std::string& text) {
    ConfigReading reading = readConfig(text);
    EXPECT_TRUE(reading.valid()) << text << (reading.issues.empty() ? "" : reading.issues.front().message);
    return reading.issues;
}

// Messages about one key.
std::vector<std::string> about(const std::vector<ConfigIssue>& issues, const std::string& key) {
    std::vector<std::string> messages;
    for (const ConfigIssue& issue : issues)
        if (issue.key == key) messages.push_back(issue.message);
    return messages;
}

TEST(LintConfig, TwinSwitchesThatDisagreeAreNamed) {
    const auto issues = warningsFor("analysis:\n  measure_layer_error: false\n");
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_EQ(issues[0].message,
              "qat_params.measure_layer_error is true but analysis.measure_layer_error is false; measuring the layer "
              "error needs both");
    EXPECT_EQ(issues[0].key, "analysis.measure_layer_error");
    EXPECT_EQ(issues[0].line, 2);
    const auto distillation = warningsFor("qat_params: {use_distillation: true}\n");
    EXPECT_EQ(about(distillation, "qat_params.use_distillation").size(), 2u);  // and that it is not acted on
    EXPECT_TRUE(warningsFor("analysis: {enabled: false}\nqat_params: {analyze_quantization_effects: false}\n").empty());
}

TEST(LintConfig, PatternsWithBareDotsWarnWithTheEscapedPattern) {
    const auto issues =
        warningsFor("quantization:\n  layer_configs:\n    - pattern: \"model.[0-9]+.detect\"\n      skip: true\n");
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_EQ(issues[0].message,
              "quantization.layer_configs[0].pattern has a dot that matches any character; "
              "'model\\.[0-9]+\\.detect' matches dots only");
    EXPECT_EQ(issues[0].line, 3);
    EXPECT_TRUE(warningsFor("quantization: {layer_configs: [{pattern: 'model\\.\\d+.*[.]cv', skip: true}]}\n").empty());
}

TEST(LintConfig, MixedPrecisionContradictsAdaption) {
    const auto issues = warningsFor("qat_params: {use_mixed_precision: true, auto_adapt_bit_width: true}\n");
    EXPECT_EQ(about(issues, "qat_params.auto_adapt_bit_width").size(), 2u);
    EXPECT_TRUE(warningsFor("qat_params: {use_mixed_precision: true}\n").empty());
}

TEST(LintConfig, UnknownMetricsWarn) {
    const auto issues = warningsFor("analysis: {metrics: [mAP, cosin]}\n");
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_EQ(issues[0].message, "analysis.metrics holds cosin, which is not measured (did you mean cosine?)");
}

TEST(LintSupport, EachSettingNotActedOnWarnsOnceAndSaysWhatHappens) {
    const auto issues = warningsFor(
        "qat_params: {auto_adapt_bit_width: yes}\n"
        "export: {formats: [onnx, tflite]}\n");
    ASSERT_EQ(issues.size(), 2u);
    EXPECT_EQ(issues[0].message,
              "qat_params.auto_adapt_bit_width is true, but this version keeps the bit widths as configured");
    EXPECT_EQ(issues[0].line, 1);
    EXPECT_EQ(issues[1].message, "export.formats holds tflite, but this version writes no TFLite file");
    EXPECT_EQ(issues[1].column, 26);
}

TEST(LintSupport, CalibrationSettingsAreActedOn) {
    EXPECT_TRUE(warningsFor("quantization:\n  activation: {observer: histogram}\n  weight: {observer: custom_minmax, max: 3}\n"
                            "calibration: {method: mse, use_coreset: yes}\n").empty());
}

TEST(LintConfig, BoundsNeedTheirObserverAndMakeSense) {
    const auto unused = warningsFor("quantization: {activation: {max: 3}}\n");
    ASSERT_EQ(unused.size(), 1u);
    EXPECT_EQ(unused[0].message, "quantization.activation.max is only used by the observer custom_minmax");
    EXPECT_TRUE(warningsFor("quantization: {weight: {fixed: false}}\n").empty());
    const auto reversed = readConfig("quantization: {activation: {observer: custom_minmax, min: 2, max: 1}}\n");
    ASSERT_EQ(reversed.issues.size(), 1u);
    EXPECT_EQ(reversed.issues[0].message, "quantization.activation.min is 2, expected less than quantization.activation.max, 1");
    const auto half = readConfig("quantization: {weight: {observer: custom_minmax, min: -1, fixed: true}}\n");
    ASSERT_EQ(half.issues.size(), 1u);
    EXPECT_EQ(half.issues[0].message, "quantization.weight.fixed is true, which needs quantization.weight.min and quantization.weight.max");
}

TEST(LintSupport, DefaultsThatNobodyStatedDoNotWarn) {
    EXPECT_TRUE(warningsFor("calibration: {num_batches: 3}\n").empty());
    EXPECT_TRUE(warningsFor("calibration: {use_coreset: false}\nexport: {formats: [onnx]}\n").empty());
}

}  // namespace
}  // namespace qat
