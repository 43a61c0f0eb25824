// Warnings about settings that contradict each other or are not acted on.
#include <gtest/gtest.h>

#include <algorithm>

#include "config/config_io.h"
#include "config/derived.h"
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
    EXPECT_TRUE(warningsFor("analysis: {enabled: false}\nqat_params: {analyze_quantization_effects: false}\n").empty());
}

TEST(LintConfig, EitherSwitchTurnsDistillationOn) {
    for (const char* text : {"qat_params: {use_distillation: true}\n", "distillation: {enabled: true}\n",
                             "distillation: {enabled: true}\nqat_params: {use_distillation: true}\n"}) {
        EXPECT_TRUE(warningsFor(text).empty()) << text;
        EXPECT_TRUE(wantsDistillation(readConfig(text).config)) << text;
    }
    const std::string contradiction = "distillation: {enabled: false}\nqat_params: {use_distillation: true}\n";
    const auto issues = warningsFor(contradiction);
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_EQ(issues[0].message,
              "qat_params.use_distillation is true but distillation.enabled is false; one of them is "
              "enough for distillation");
    EXPECT_EQ(issues[0].key, "distillation.enabled");
    EXPECT_EQ(issues[0].line, 1);
    EXPECT_TRUE(wantsDistillation(readConfig(contradiction).config));
    EXPECT_FALSE(wantsDistillation(readConfig("").config));
}

TEST(LintConfig, WeightsOfClassesThatDoNothingAreNamed) {
    const auto both = warningsFor("train_params: {class_weights: [1, 2], class_balance: 1}\n");
    ASSERT_EQ(both.size(), 1u);
    EXPECT_EQ(both[0].key, "train_params.class_balance");
    EXPECT_EQ(warningsFor("train_params: {class_weights: [1, 2], epochs: 0}\n").size(), 1u);
    EXPECT_TRUE(warningsFor("train_params: {class_weights: [1, 0.5]}\n").empty());
    const ConfigReading none = readConfig("train_params: {class_weights: [0, 0.0]}\n");
    ASSERT_FALSE(none.valid());
    EXPECT_EQ(none.issues[0].message, "train_params.class_weights are all 0, so that no class would be learned");
}

TEST(LintConfig, SharesOfTwoHeadsNeedTraining) {
    const auto idle = warningsFor("train_params: {end_to_end: equal, epochs: 0}\n");
    ASSERT_EQ(idle.size(), 1u);
    EXPECT_EQ(idle[0].message, "train_params.end_to_end does nothing because train_params.epochs is 0");
    EXPECT_TRUE(warningsFor("train_params: {end_to_end: auto, epochs: 0}\n").empty());
    EXPECT_TRUE(warningsFor("train_params: {end_to_end: decaying, optimizer: MuSGD}\n").empty());
    const ConfigReading wrong = readConfig("train_params: {optimizer: Muon}\n");
    ASSERT_FALSE(wrong.valid());
    EXPECT_NE(wrong.issues[0].message.find("expected SGD, Adam, AdamW or MuSGD"), std::string::npos)
        << wrong.issues[0].message;
}

TEST(LintConfig, FeatureDistillationNeedsLayers) {
    const auto issues = warningsFor("distillation: {enabled: true, feature_distillation: true}\n");
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_EQ(issues[0].message,
              "distillation.feature_distillation is true but distillation.feature_layers names no layer");
}

TEST(LintConfig, FineTuningNeedsTrainingToFollow) {
    EXPECT_TRUE(warningsFor("qat_params: {post_qat_fine_tuning: true}\n").empty());
    EXPECT_EQ(fineTuningEpochs(readConfig("qat_params: {post_qat_fine_tuning: true, fine_tuning_epochs: 3}").config),
              3);
    const std::string text = "qat_params: {post_qat_fine_tuning: true}\ntrain_params: {epochs: 0}\n";
    const auto issues = warningsFor(text);
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_NE(issues[0].message.find("train_params.epochs is 0"), std::string::npos) << issues[0].message;
    EXPECT_EQ(fineTuningEpochs(readConfig(text).config), 0);
}

TEST(LintConfig, OscillationThatContradictsItselfIsNamed) {
    const auto say = [](const std::string& text, const std::string& key) {
        return about(warningsFor(text), key).size();
    };
    EXPECT_EQ(say("oscillation: {track: false, freeze: {threshold: 0.02}}\n", "oscillation.track"), 1u);
    EXPECT_EQ(say("oscillation: {freeze: {threshold: 0.005}}\n", "oscillation.freeze.threshold"), 1u);
    EXPECT_EQ(say("oscillation: {freeze: {threshold: 0.2}}\n", "oscillation.freeze.start_threshold"), 1u);
    EXPECT_EQ(say("oscillation: {dampen: {weight: 1}}\ntrain_params: {epochs: 0}\n", "oscillation.dampen.weight"), 1u);
    EXPECT_TRUE(warningsFor("oscillation: {dampen: {weight: 1}, freeze: {threshold: 0.02}}\n").empty());
    const auto folded = warningsFor("oscillation: {bn_reestimation: 50}\n");
    ASSERT_EQ(folded.size(), 1u);
    EXPECT_NE(folded[0].message.find("qat_params.fuse_modules folds the batch norms"), std::string::npos);
    EXPECT_TRUE(warningsFor("oscillation: {bn_reestimation: 50}\nqat_params: {fuse_modules: false}\n").empty());
    const auto backwards = warningsFor("oscillation: {dampen: {begin: 0.8, end: 0.5}}\n");
    ASSERT_EQ(backwards.size(), 1u);
    EXPECT_EQ(backwards[0].message,
              "oscillation.dampen.begin is 0.8, after oscillation.dampen.end, 0.5: the value changes at once");
}

TEST(LintConfig, CoursesThatContradictThemselvesAreNamed) {
    const auto say = [](const std::string& text, const std::string& key) {
        return about(readConfig(text).issues, key).size();
    };
    EXPECT_EQ(say("qat_params: {float_epochs: 2}\ntrain_params: {epochs: 2}\n", "qat_params.float_epochs"), 1u);
    EXPECT_EQ(say("qat_params: {gradual_bits: {weight: 8, duration: 9}}\n", "qat_params.gradual_bits.duration"), 1u);
    EXPECT_EQ(say("qat_params: {float_epochs: 3, gradual_bits: {weight: 8, duration: 3}}\ntrain_params: {epochs: 9}\n",
                  "qat_params.gradual_bits.duration"),
              1u);
    EXPECT_EQ(say("train_params: {bn_freeze_epoch: 1}\n", "train_params.bn_freeze_epoch"), 1u);
    EXPECT_EQ(say("train_params: {quantize: false}\nqat_params: {float_epochs: 1}\n", "qat_params.float_epochs"), 1u);
    EXPECT_TRUE(
        warningsFor("qat_params: {float_epochs: 1, fuse_modules: false, gradual_bits: {weight: 8, duration: 3}}\n"
                    "train_params: {epochs: 9, bn_freeze_epoch: 6}\n")
            .empty());
    const ConfigReading pattern = readConfig("train_params: {frozen_layers: ['model[']}\n");
    ASSERT_EQ(pattern.issues.size(), 1u);
    EXPECT_EQ(pattern.issues[0].severity, Severity::Error);
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

TEST(LintConfig, AdaptionNeedsMixedPrecision) {
    const auto issues = warningsFor("qat_params: {use_mixed_precision: false, auto_adapt_bit_width: true}\n");
    EXPECT_EQ(about(issues, "qat_params.auto_adapt_bit_width").size(), 1u);
    EXPECT_TRUE(warningsFor("qat_params: {use_mixed_precision: true, auto_adapt_bit_width: true}\n").empty());
}

TEST(LintConfig, WidthsThatDoNotCountAreNamed) {
    const std::string entries =
        "quantization:\n  layer_configs:\n    - pattern: conv\n      config: {weight: {bit_width: 4}}\n";
    EXPECT_TRUE(warningsFor(entries).empty());
    const auto issues = warningsFor(entries + "qat_params: {use_mixed_precision: false}\n");
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_EQ(issues[0].key, "quantization.layer_configs[0].config.weight.bit_width");
    EXPECT_EQ(issues[0].line, 4);
    EXPECT_TRUE(warningsFor("quantization: {layer_configs: [{pattern: conv, config: {weight: {bit_width: 8}}}]}\n"
                            "qat_params: {use_mixed_precision: false}\n")
                    .empty());
}

TEST(LintConfig, FusionsAreThoseThatExist) {
    const auto fused = [](const std::string& rest) {
        return "qat_params: {fusion_patterns: [{pattern: conv, " + rest + "}]}\n";
    };
    EXPECT_TRUE(warningsFor(fused("modules: [conv, bn, silu], fuser_method: fuse_conv_bn_silu")).empty());
    EXPECT_EQ(warningsFor(fused("modules: [conv, bn], fuser_method: fuse_conv_bn_silu")).size(), 1u);
    const ConfigReading unknown = readConfig(fused("modules: [bn, conv]"));
    EXPECT_FALSE(unknown.valid());
    ASSERT_EQ(unknown.issues.size(), 1u);
    EXPECT_EQ(unknown.issues[0].message,
              "qat_params.fusion_patterns[0].modules is bn_conv, expected conv, then bn or nothing, then an activation "
              "(relu, silu, ...) or nothing");
    for (const char* module : {"leaky_relu", "hardswish", "gelu_tanh"})
        EXPECT_TRUE(readConfig(fused(std::string("modules: [conv, bn, ") + module + "]")).valid()) << module;
    EXPECT_FALSE(readConfig(fused("modules: [conv, silu, relu]")).valid());
}

TEST(LintConfig, UnknownNamesOfConfigurationsWarn) {
    EXPECT_EQ(warningsFor("quantization: {default_qconfig: fast}\n").size(), 1u);
    EXPECT_TRUE(warningsFor("quantization: {default_qconfig: default}\n").empty());
}

TEST(LintConfig, UnknownMetricsWarn) {
    const auto issues = warningsFor("analysis: {metrics: [mAP, cosin]}\n");
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_EQ(issues[0].message, "analysis.metrics holds cosin, which is not measured (did you mean cosine?)");
}

TEST(LintSupport, EachSettingNotActedOnWarnsOnceAndSaysWhatHappens) {
    const auto issues = warningsFor(
        "export:\n"
        "  formats: [onnx, tflite, tensorrt]\n");
    ASSERT_EQ(issues.size(), 2u);
    EXPECT_EQ(issues[0].message, "export.formats holds tflite, but this version writes no TFLite file");
    EXPECT_EQ(issues[0].line, 2);
    EXPECT_EQ(issues[0].column, 19);
    EXPECT_EQ(issues[1].message, "export.formats holds tensorrt, but this version writes no TensorRT file");
    EXPECT_EQ(issues[1].column, 27);
}

TEST(LintSupport, FormatsThatAreWrittenAreNoGap) {
    EXPECT_TRUE(warningsFor("export: {formats: [onnx, safetensors16]}\n").empty());
}

TEST(LintConfig, TwoFormatsInOneFileAreAnError) {
    const auto issues = readConfig("export: {formats: [safetensors, onnx, safetensors16]}\n").issues;
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_EQ(issues[0].severity, Severity::Error);
    EXPECT_EQ(issues[0].message, "export.formats: safetensors and safetensors16 are both written to model.safetensors");
}

// Only files that cannot hold them are in the way.
TEST(LintConfig, Float8IsRefusedForFormatsWithoutIt) {
    const std::string types = "quantization: {weight: {dtype: float8_e4m3}}\nexport: {formats: ";
    const auto refused = readConfig(types + "[safetensors, onnx]}\n").issues;
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].message,
              "quantization.weight.dtype is an 8-bit floating point type, which ONNX files of opset 13 cannot hold; "
              "take onnx out of export.formats");
    EXPECT_TRUE(warningsFor(types + "[safetensors]}\n").empty());
}

TEST(LintConfig, AHeadThatNeedsSuppressionHasNoFinishedRows) {
    const std::string rows = "export: {output: end2end}\n";
    const auto issues = readConfig("model: {architecture: yolov10, head: one2many}\n" + rows).issues;
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_EQ(issues[0].severity, Severity::Error);
    EXPECT_EQ(issues[0].key, "export.output");
    EXPECT_EQ(issues[0].line, 2);
    EXPECT_TRUE(warningsFor("model: {architecture: yolov10, head: one2one}\n" + rows).empty());
    EXPECT_TRUE(warningsFor("model: {architecture: yolov10, head: one2many}\nexport: {output: raw}\n").empty());
}

TEST(LintSupport, CalibrationSettingsAreActedOn) {
    EXPECT_TRUE(
        warningsFor("quantization:\n  activation: {observer: histogram}\n  weight: {observer: custom_minmax, max: 3}\n"
                    "calibration: {method: mse, use_coreset: yes}\n")
            .empty());
}

TEST(LintConfig, BoundsNeedTheirObserverAndMakeSense) {
    const auto unused = warningsFor("quantization: {activation: {max: 3}}\n");
    ASSERT_EQ(unused.size(), 1u);
    EXPECT_EQ(unused[0].message, "quantization.activation.max is only used by the observer custom_minmax");
    EXPECT_TRUE(warningsFor("quantization: {weight: {fixed: false}}\n").empty());
    const auto reversed = readConfig("quantization: {activation: {observer: custom_minmax, min: 2, max: 1}}\n");
    ASSERT_EQ(reversed.issues.size(), 1u);
    EXPECT_EQ(reversed.issues[0].message,
              "quantization.activation.min is 2, expected less than quantization.activation.max, 1");
    const auto half = readConfig("quantization: {weight: {observer: custom_minmax, min: -1, fixed: true}}\n");
    ASSERT_EQ(half.issues.size(), 1u);
    EXPECT_EQ(half.issues[0].message,
              "quantization.weight.fixed is true, which needs quantization.weight.min and quantization.weight.max");
}

TEST(LintSupport, DefaultsThatNobodyStatedDoNotWarn) {
    EXPECT_TRUE(warningsFor("calibration: {num_batches: 3}\n").empty());
    EXPECT_TRUE(warningsFor("calibration: {use_coreset: false}\nexport: {formats: [onnx]}\n").empty());
}

// The one complaint about a text, with its severity.
ConfigIssue complaint(const std::string& text) {
    const ConfigReading reading = readConfig(text);
    EXPECT_EQ(reading.issues.size(), 1u) << text;
    return reading.issues.empty() ? ConfigIssue{} : reading.issues.front();
}

TEST(LintConfig, TypesAndWidthsGoTogether) {
    const std::string noFile = "export: {formats: []}\n";
    const auto width = complaint("quantization: {weight: {dtype: float16, bit_width: 8}}\n");
    EXPECT_EQ(width.severity, Severity::Error);
    EXPECT_EQ(width.message, "quantization.weight.bit_width is 8, but quantization.weight.dtype has 16 bits");
    EXPECT_TRUE(readConfig("quantization: {weight: {dtype: float16, bit_width: 16}}\n").issues.empty());
    EXPECT_TRUE(readConfig("quantization: {weight: {dtype: float16}}\n").issues.empty());
    EXPECT_EQ(complaint("quantization: {activation: {dtype: qint8, bit_width: 1}}\n").message,
              "quantization.activation.bit_width 1 of qint8 means -1 and 1, which needs "
              "quantization.activation.symmetric: true");
    EXPECT_EQ(complaint("quantization: {activation: {bit_width: 1, reduce_range: true}}\n").severity, Severity::Error);
    EXPECT_EQ(complaint("quantization: {activation: {narrow_range: true}}\n").message,
              "quantization.activation.narrow_range concerns symmetric qint8 only");
    EXPECT_EQ(complaint(noFile + "quantization: {weight: {dtype: float8_e5m2, reduce_range: true}}\n").severity,
              Severity::Warning);
}

TEST(LintConfig, WhatAFileCannotHoldIsRefusedAtOnce) {
    const auto issue = complaint("quantization: {activation: {dtype: float8_e4m3}}\n");
    EXPECT_EQ(issue.severity, Severity::Error);
    EXPECT_EQ(issue.message,
              "quantization.activation.dtype is an 8-bit floating point type, which ONNX files of opset 13 cannot "
              "hold; take onnx out of "
              "export.formats");
    EXPECT_TRUE(readConfig("export: {formats: []}\nquantization: {activation: {dtype: float8_e4m3}}\n").issues.empty());
    EXPECT_EQ(complaint("quantization: {layer_configs: [{pattern: x, config: {weight: {dtype: float8_e5m2}}}]}\n").key,
              "quantization.layer_configs[0].config.weight.dtype");
}

TEST(LintConfig, GroupsAreForWeights) {
    EXPECT_EQ(complaint("quantization: {activation: {scheme: per_group}}\n").message,
              "quantization.activation.scheme is per_group, which only weights have");
    EXPECT_TRUE(readConfig("quantization: {weight: {scheme: per_group, group_size: 32}}\n").issues.empty());
}

TEST(LintConfig, LearnedOffsetsNeedLearnedAffineQuantizers) {
    EXPECT_EQ(complaint("quantization: {fake_quantize: {learn_offset: true}}\n").message,
              "quantization.fake_quantize.learn_offset is true, but only quantizers of type lsq learn offsets");
    EXPECT_EQ(
        complaint("quantization: {activation: {symmetric: true}, fake_quantize: {type: lsq, learn_offset: true}}\n")
            .message,
        "quantization.fake_quantize.learn_offset is true, but all quantizers are symmetric and have no offset");
    EXPECT_TRUE(readConfig("quantization: {fake_quantize: {type: lsq, learn_offset: true}}\n").issues.empty());
}

TEST(LintConfig, ClipDecayNeedsAPactQuantizer) {
    EXPECT_EQ(complaint("quantization: {fake_quantize: {clip_decay: 0.001}}\n").message,
              "quantization.fake_quantize.clip_decay is given, but no quantizer is of type pact");
    EXPECT_EQ(
        complaint("quantization: {fake_quantize: {type: pact, clip_decay: 0.001}}\nqat_params: {use_lsq: true}\n").key,
        "quantization.fake_quantize.clip_decay");
    EXPECT_TRUE(readConfig("quantization: {fake_quantize: {type: pact, clip_decay: 0.001}}\n").issues.empty());
    const auto issues = readConfig(
                            "quantization: {layer_configs: [{pattern: conv, config: {fake_quantize: {type: pact, "
                            "clip_decay: 0.001}}}]}\n")
                            .issues;
    EXPECT_TRUE(std::ranges::none_of(
        issues, [](const ConfigIssue& issue) { return issue.message.find("clip_decay") != std::string::npos; }));
}

TEST(LintConfig, PowersOfTwoWantFoldedBatchNorms) {
    EXPECT_EQ(
        complaint("quantization: {fake_quantize: {scale_type: power_of_two}}\nqat_params: {fuse_modules: false}\n")
            .severity,
        Severity::Warning);
}

TEST(LintConfig, RepairNeedsSomethingToRepair) {
    EXPECT_EQ(complaint("repair: {bias_correction: true}\ntrain_params: {quantize: false}\n").message,
              "repair.bias_correction is true, but train_params.quantize is false: there is nothing to repair");
    EXPECT_EQ(complaint("repair: {equalize: true}\nqat_params: {fuse_modules: false}\n").key, "repair.equalize");
    EXPECT_EQ(complaint("repair: {adaround_iterations: 100}\n").message,
              "repair.adaround_iterations does nothing because repair.adaround is false");
    EXPECT_TRUE(
        readConfig("repair: {adaround: true, adaround_iterations: 100, bias_correction: true}\n").issues.empty());
}

TEST(LintConfig, CorrectionNeedsQuantizersAndExpressions) {
    const auto issues = warningsFor("qc: {enabled: true}\ntrain_params: {quantize: false}\n");
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_EQ(issues[0].message, "qc.enabled is true, but train_params.quantize is false: there is nothing to correct");
    const ConfigReading broken = readConfig("qc:\n  layers: ['model.[0-9']\n");
    EXPECT_FALSE(broken.valid());
    ASSERT_FALSE(about(broken.issues, "qc.layers").empty());
    EXPECT_EQ(about(broken.issues, "qc.layers").front(),
              "qc.layers holds \"model.[0-9\", which is no regular expression (missing ]: [0-9)");
}

TEST(LintConfig, SettingsOfARetryNeedTheReaction) {
    EXPECT_EQ(about(warningsFor("gate: {reaction: stop, retries: 3}\n"), "gate.retries"),
              std::vector<std::string>{"gate.retries is only used by gate.reaction retry"});
    EXPECT_TRUE(warningsFor("gate: {reaction: retry, retries: 3, retry_lr_factor: 0.1}\n").empty());
    EXPECT_TRUE(warningsFor(writeConfig({})).empty()) << "defaults written out";
}

}  // namespace
}  // namespace qat
