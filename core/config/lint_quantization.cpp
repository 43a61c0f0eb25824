// Rules about what is quantized and how.
#include "config/lint_rules.h"

#include <algorithm>
#include <span>

#include "base/error.h"
#include "config/architectures.h"
#include "config/fields.h"
#include "config/pattern.h"
#include "config/table_name.h"
#include "ops/activation_kind.h"

namespace qat {
namespace {

bool isFusion(std::span<const std::string> modules) {
    if (modules.empty() || modules.front() != "conv") return false;
    modules = modules.subspan(1);
    if (!modules.empty() && modules.front() == "bn") modules = modules.subspan(1);
    return modules.empty() || (modules.size() == 1 && isActivationName(modules.front()));
}

// Widths and types that go together.
void checkTypes(const LintReport& lint, const std::string& at, const TensorQuantConfig& tensor) {
    const int bits = floatBits(tensor.dtype);
    if (bits > 0 && lint.find(at + "bit_width") && tensor.bitWidth != bits)
        lint.report(Severity::Error, at + "bit_width",
                    str(at, "bit_width is ", tensor.bitWidth, ", but ", at, "dtype has ", bits, " bits"));
    if (bits > 0 && tensor.reduceRange)
        lint.report(Severity::Warning, at + "reduce_range",
                    str(at, "reduce_range does nothing to floating point values"));
    const int left = tensor.bitWidth - (tensor.reduceRange ? 1 : 0);
    if (bits == 0 && left < 1)
        lint.report(Severity::Error, at + "reduce_range", str(at, "reduce_range leaves no bit of ", at, "bit_width 1"));
    if (tensor.dtype == DType::QInt8 && left == 1 && !tensor.symmetric)
        lint.report(Severity::Error, at + "bit_width",
                    str(at, "bit_width 1 of qint8 means -1 and 1, which needs ", at, "symmetric: true"));
    if (lint.find(at + "narrow_range") && tensor.narrowRange && !(tensor.dtype == DType::QInt8 && tensor.symmetric))
        lint.report(Severity::Warning, at + "narrow_range", str(at, "narrow_range concerns symmetric qint8 only"));
}

void checkBounds(const LintReport& lint, const std::string& at, const TensorQuantConfig& tensor) {
    const bool custom = tensor.observer == ObserverKind::CustomMinMax;
    if (!custom)
        for (const char* name : {"min", "max", "fixed"})
            if (const StatedValue* value = lint.find(at + name);
                value && value->text != "null" && value->text != "false" && !value->text.empty())
                lint.report(Severity::Warning, at + name, str(at, name, " is only used by the observer custom_minmax"));
    if (custom && tensor.fixed && !(tensor.min && tensor.max))
        lint.report(Severity::Error, at + "fixed", str(at, "fixed is true, which needs ", at, "min and ", at, "max"));
    if (custom && tensor.min && tensor.max && *tensor.min >= *tensor.max)
        lint.report(Severity::Error, at + "min",
                    str(at, "min is ", *tensor.min, ", expected less than ", at, "max, ", *tensor.max));
}

}  // namespace

void checkMixedPrecision(const LintReport& lint) {
    if (lint.config.qat.useMixedPrecision || !lint.config.qat.autoAdaptBitWidth) return;
    lint.report(Severity::Warning, "qat_params.auto_adapt_bit_width",
                "qat_params.auto_adapt_bit_width chooses nothing because qat_params.use_mixed_precision is false; set "
                "that to true");
}

void checkUniformWidths(const LintReport& lint) {
    if (lint.config.qat.useMixedPrecision) return;
    const auto& entries = lint.config.quantization.layerConfigs;
    const auto differs = [](const std::optional<int>& given, int uniform) { return given && *given != uniform; };
    for (size_t i = 0; i < entries.size(); ++i) {
        const bool weight = differs(entries[i].weight.bitWidth, lint.config.quantization.weight.bitWidth);
        const bool activation = differs(entries[i].activation.bitWidth, lint.config.quantization.activation.bitWidth);
        if (!weight && !activation) continue;
        const std::string key =
            str("quantization.layer_configs[", i, "].config.", weight ? "weight" : "activation", ".bit_width");
        lint.report(Severity::Warning, key,
                    str(key,
                        " does not count because qat_params.use_mixed_precision is false; set that to true, or leave "
                        "the width out"));
    }
}

// A fusion is a convolution, perhaps its batch norm, perhaps its activation; the method's name says the same.
void checkFusions(const LintReport& lint) {
    for (size_t i = 0; i < lint.config.qat.fusionPatterns.size(); ++i) {
        const FusionPattern& fusion = lint.config.qat.fusionPatterns[i];
        const std::string entry = str(kFusionPatternsPath, "[", i, "]");
        std::string joined;
        for (const auto& module : fusion.modules) joined += "_" + module;
        if (!isFusion(fusion.modules))
            lint.report(Severity::Error, entry + ".modules",
                        str(entry, ".modules is ", joined.empty() ? "empty" : excerpt(joined.substr(1)),
                            ", expected conv, then bn or nothing, then an activation (relu, silu, ...) or nothing"));
        else if (!fusion.fuserMethod.empty() && fusion.fuserMethod != "fuse" + joined)
            lint.report(Severity::Warning, entry + ".fuser_method",
                        str(entry, ".fuser_method is ", excerpt(fusion.fuserMethod),
                            ", but its modules are fused by fuse", joined));
    }
}

namespace {

void checkReference(const LintReport& lint) {
    const std::string& architecture = lint.config.model.architecture;
    const auto family = std::ranges::find(kArchitectures, architecture, &Architecture::name);
    if (family == kArchitectures.end() || !family->classifies)
        lint.report(Severity::Error, "quantization.default_qconfig",
                    str("quantization.default_qconfig is reference, which ", excerpt(architecture),
                        " has not: only resnet, vgg, mobilenetv1 and cnv have"));
}

}  // namespace

void checkQconfigName(const LintReport& lint) {
    const std::string& name = lint.config.quantization.defaultQconfig;
    if (name == "default") return;
    if (name == kReferenceQconfig) return checkReference(lint);
    lint.report(Severity::Warning, "quantization.default_qconfig",
                str("quantization.default_qconfig is ", excerpt(lint.config.quantization.defaultQconfig),
                    ", which is not defined anywhere; the settings of weight and activation below it hold"));
}

void checkPatternDots(const LintReport& lint) {
    for (const StatedValue& value : lint.stated) {
        if (!value.path.ends_with("].pattern")) continue;
        const std::string escaped = withEscapedDots(value.text);
        if (escaped == value.text) continue;
        lint.reportAt(
            Severity::Warning, value,
            str(value.path, " has a dot that matches any character; '", excerpt(escaped), "' matches dots only"));
    }
}

void checkPerChannelActivation(const LintReport& lint) {
    if (lint.config.quantization.activation.scheme != Scheme::PerChannel) return;
    lint.report(Severity::Warning, "quantization.activation.scheme",
                "quantization.activation.scheme is per_channel, which most integer runtimes cannot execute");
}

void checkTensorTypes(const LintReport& lint) {
    checkTypes(lint, "quantization.weight.", lint.config.quantization.weight);
    checkTypes(lint, "quantization.activation.", lint.config.quantization.activation);
}

void checkGroups(const LintReport& lint) {
    const std::string why = " is per_group, which only weights have";
    if (lint.config.quantization.activation.scheme == Scheme::PerGroup)
        lint.report(Severity::Error, "quantization.activation.scheme", "quantization.activation.scheme" + why);
    for (size_t i = 0; i < lint.config.quantization.layerConfigs.size(); ++i) {
        const std::string key = str(kLayerConfigsPath, "[", i, "].config.activation.scheme");
        if (lint.config.quantization.layerConfigs[i].activation.scheme == Scheme::PerGroup)
            lint.report(Severity::Error, key, key + why);
    }
}

void checkLearnedOffset(const LintReport& lint) {
    const FakeQuantizeConfig& how = lint.config.quantization.fakeQuantize;
    const std::string key = "quantization.fake_quantize.learn_offset";
    if (!how.learnOffset) return;
    if (how.type != FakeQuantKind::Lsq && !lint.config.qat.useLsq)
        lint.report(Severity::Warning, key, key + " is true, but only quantizers of type lsq learn offsets");
    else if (lint.config.quantization.weight.symmetric && lint.config.quantization.activation.symmetric)
        lint.report(Severity::Warning, key, key + " is true, but all quantizers are symmetric and have no offset");
}

void checkClipDecay(const LintReport& lint) {
    const std::string section = "fake_quantize.clip_decay";
    const auto isPact = [](const LayerConfig& entry) { return entry.fakeQuantize.type == FakeQuantKind::Pact; };
    const bool everywhere =
        lint.config.quantization.fakeQuantize.type == FakeQuantKind::Pact && !lint.config.qat.useLsq;
    if (everywhere || std::ranges::any_of(lint.config.quantization.layerConfigs, isPact)) return;
    for (const StatedValue& value : lint.stated)
        if (value.path.ends_with(section))
            lint.report(Severity::Warning, value.path, value.path + " is given, but no quantizer is of type pact");
}

void checkScaleType(const LintReport& lint) {
    const std::string key = "quantization.fake_quantize.scale_type";
    if (lint.config.quantization.fakeQuantize.scaleType == ScaleKind::PowerOfTwo && !lint.config.qat.fuseModules)
        lint.report(Severity::Warning, key,
                    key +
                        " is power_of_two, but qat_params.fuse_modules is false: batch norms folded at export make "
                        "other scales of those of weights");
}

void checkTensorBounds(const LintReport& lint) {
    checkBounds(lint, "quantization.weight.", lint.config.quantization.weight);
    checkBounds(lint, "quantization.activation.", lint.config.quantization.activation);
}

}  // namespace qat
