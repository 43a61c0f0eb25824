// Rules over several keys; every rule is one small function.
#include "config/lint.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/error.h"
#include "config/export_formats.h"
#include "config/fields.h"
#include "config/image_size.h"
#include "config/names.h"
#include "config/pattern.h"
#include "config/slot.h"
#include "ops/activation_kind.h"

namespace qat {
namespace {

class Lint {
public:
    Lint(const Config& config, const std::vector<StatedValue>& stated, std::vector<ConfigIssue>& issues)
        : m_config(config), m_stated(stated), m_issues(issues) {}

    void run() {
        checkTwins();
        checkDistillation();
        checkFineTuning();
        checkOscillation();
        checkAnneal("oscillation.dampen.", m_config.oscillation.dampen.begin, m_config.oscillation.dampen.end);
        checkAnneal("oscillation.freeze.", m_config.oscillation.freeze.begin, m_config.oscillation.freeze.end);
        checkCourse();
        checkMixedPrecision();
        checkUniformWidths();
        checkFusions();
        checkQconfigName();
        checkPatternDots();
        checkMetrics();
        checkImageSize();
        checkPerChannelActivation();
        checkTypes("quantization.weight.", m_config.quantization.weight);
        checkTypes("quantization.activation.", m_config.quantization.activation);
        checkFileTypes();
        checkGroups();
        checkLearnedOffset();
        checkClipDecay();
        checkRepair();
        checkScaleType();
        checkCorrection();
        checkGate();
        checkClassWeights();
        checkBounds("quantization.weight.", m_config.quantization.weight);
        checkBounds("quantization.activation.", m_config.quantization.activation);
    }

private:
    const StatedValue* find(std::string_view path) const {
        const auto found = std::find_if(m_stated.begin(), m_stated.end(),
                                        [&](const StatedValue& value) { return value.path == path; });
        return found == m_stated.end() ? nullptr : &*found;
    }
    void report(Severity severity, const std::string& key, std::string message) {
        const StatedValue* value = find(key);
        const TextPlace place = value ? value->place : TextPlace{};
        m_issues.push_back({severity, place.line, place.column, key, std::move(message)});
    }

    // Two switches for one thing: whichever is stated carries the warning.
    void twin(const std::string& first, bool firstOn, const std::string& second, bool secondOn, const char* what) {
        if (firstOn == secondOn) return;
        const std::string& on = firstOn ? first : second;
        const std::string& off = firstOn ? second : first;
        const std::string& key = find(on) ? on : off;
        report(Severity::Warning, key, str(on, " is true but ", off, " is false; ", what, " needs both"));
    }
    // A switch that is only off by default contradicts nothing.
    void checkDistillation() {
        const std::string first = "distillation.enabled", second = "qat_params.use_distillation";
        const bool on = m_config.distillation.enabled, alsoOn = m_config.qat.useDistillation;
        const std::string& off = on ? second : first;
        if (on != alsoOn && find(off))
            report(Severity::Warning, off,
                   str(on ? first : second, " is true but ", off, " is false; one of them is enough for distillation"));
        const DistillationConfig& how = m_config.distillation;
        if (wantsDistillation(m_config) && how.featureDistillation && how.featureLayers.empty())
            report(Severity::Warning, "distillation.feature_distillation",
                   "distillation.feature_distillation is true but distillation.feature_layers names no layer");
    }

    void checkFineTuning() {
        if (!m_config.qat.postQatFineTuning || fineTuningEpochs(m_config) > 0) return;
        report(Severity::Warning, "qat_params.post_qat_fine_tuning",
               str("qat_params.post_qat_fine_tuning is true, but there is no quantization-aware training that it could "
                   "follow: ",
                   m_config.train.quantize ? "train_params.epochs is 0" : "train_params.quantize is false"));
    }

    void checkOscillation() {
        const OscillationConfig& o = m_config.oscillation;
        if (o.freeze.enabled() && !o.track)
            report(Severity::Warning, "oscillation.track",
                   "oscillation.track is false, but oscillation.freeze.threshold needs the frequencies; they are "
                   "followed and not reported");
        if (o.freeze.enabled() && o.freeze.threshold < o.momentum)
            report(Severity::Warning, "oscillation.freeze.threshold",
                   str("oscillation.freeze.threshold is below oscillation.momentum, ", o.momentum,
                       "; a single reversal freezes a weight"));
        if (o.freeze.enabled() && o.freeze.startThreshold < o.freeze.threshold)
            report(Severity::Warning, "oscillation.freeze.start_threshold",
                   "oscillation.freeze.start_threshold is below oscillation.freeze.threshold; more weights freeze "
                   "early than late");
        if (o.bnReestimation > 0 && m_config.qat.fuseModules)
            report(Severity::Warning, "oscillation.bn_reestimation",
                   "oscillation.bn_reestimation has nothing to estimate because qat_params.fuse_modules folds the "
                   "batch norms before "
                   "training; set that to false to keep them");
        const bool trains = m_config.train.quantize && m_config.train.epochs > 0;
        for (const auto& [key, on] : {std::pair{"oscillation.dampen.weight", o.dampen.enabled()},
                                      {"oscillation.freeze.threshold", o.freeze.enabled()},
                                      {"oscillation.bn_reestimation", o.bnReestimation > 0}})
            if (on && !trains)
                report(Severity::Warning, key, str(key, " does nothing without quantization-aware training"));
    }

    // Modes of quantization-aware training along the epochs.
    void checkCourse() {
        const int epochs = m_config.train.epochs, easier = easierEpochs(m_config);
        const GradualBitsConfig& gradual = m_config.qat.gradualBits;
        if (epochs > 0 && easier >= epochs) {
            const bool inFloat = m_config.qat.floatEpochs >= epochs;
            const std::string key = inFloat ? "qat_params.float_epochs" : "qat_params.gradual_bits.duration";
            report(Severity::Warning, key,
                   str(key, " is ", easier, ", but train_params.epochs is ", epochs,
                       ": no epoch trains what is exported"));
        }
        if (gradual.enabled() && m_config.qat.floatEpochs >= gradual.duration)
            report(Severity::Warning, "qat_params.gradual_bits.duration",
                   str("qat_params.gradual_bits.duration is ", gradual.duration,
                       ", within the float epochs: no width falls"));
        if (m_config.train.bnFreezeEpoch > 0 && m_config.train.quantize && m_config.qat.fuseModules)
            report(Severity::Warning, "train_params.bn_freeze_epoch",
                   "train_params.bn_freeze_epoch has nothing to freeze because qat_params.fuse_modules folds the batch "
                   "norms before "
                   "training; set that to false to keep them");
        if (!m_config.train.quantize && (m_config.qat.floatEpochs > 0 || gradual.enabled()))
            report(Severity::Warning,
                   m_config.qat.floatEpochs > 0 ? "qat_params.float_epochs" : "qat_params.gradual_bits.weight",
                   "qat_params.float_epochs and qat_params.gradual_bits do nothing because train_params.quantize is "
                   "false");
        for (const StatedValue& value : m_stated) {
            if (value.path != "train_params.frozen_layers") continue;
            if (const auto complaint = LayerPattern::complaint(value.text))
                m_issues.push_back({Severity::Error, value.place.line, value.place.column, value.path,
                                    str("train_params.frozen_layers holds ", excerpt(value.text), ": ", *complaint)});
        }
    }

    void checkAnneal(const std::string& at, double begin, double end) {
        if (begin > end)
            report(Severity::Warning, at + "begin",
                   str(at, "begin is ", begin, ", after ", at, "end, ", end, ": the value changes at once"));
    }

    void checkTwins() {
        twin("analysis.measure_layer_error", m_config.analysis.measureLayerError, "qat_params.measure_layer_error",
             m_config.qat.measureLayerError, "measuring the layer error");
        twin("analysis.enabled", m_config.analysis.enabled, "qat_params.analyze_quantization_effects",
             m_config.qat.analyzeQuantizationEffects, "the analysis");
    }

    void checkMixedPrecision() {
        if (m_config.qat.useMixedPrecision || !m_config.qat.autoAdaptBitWidth) return;
        report(Severity::Warning, "qat_params.auto_adapt_bit_width",
               "qat_params.auto_adapt_bit_width chooses nothing because qat_params.use_mixed_precision is false; set "
               "that to true");
    }

    void checkUniformWidths() {
        if (m_config.qat.useMixedPrecision) return;
        const auto& entries = m_config.quantization.layerConfigs;
        const auto differs = [](const std::optional<int>& given, int uniform) { return given && *given != uniform; };
        for (size_t i = 0; i < entries.size(); ++i) {
            const bool weight = differs(entries[i].weight.bitWidth, m_config.quantization.weight.bitWidth);
            const bool activation = differs(entries[i].activation.bitWidth, m_config.quantization.activation.bitWidth);
            if (!weight && !activation) continue;
            const std::string key =
                str("quantization.layer_configs[", i, "].config.", weight ? "weight" : "activation", ".bit_width");
            report(Severity::Warning, key,
                   str(key,
                       " does not count because qat_params.use_mixed_precision is false; set that to true, or leave "
                       "the width out"));
        }
    }

    void checkQconfigName() {
        if (m_config.quantization.defaultQconfig == "default") return;
        report(Severity::Warning, "quantization.default_qconfig",
               str("quantization.default_qconfig is ", excerpt(m_config.quantization.defaultQconfig),
                   ", which is not defined anywhere; the settings of weight and activation below it hold"));
    }

    static bool isFusion(std::span<const std::string> modules) {
        if (modules.empty() || modules.front() != "conv") return false;
        modules = modules.subspan(1);
        if (!modules.empty() && modules.front() == "bn") modules = modules.subspan(1);
        return modules.empty() || (modules.size() == 1 && isActivationName(modules.front()));
    }

    // A fusion is a convolution, perhaps its batch norm, perhaps its activation; the method's name says the same.
    void checkFusions() {
        for (size_t i = 0; i < m_config.qat.fusionPatterns.size(); ++i) {
            const FusionPattern& fusion = m_config.qat.fusionPatterns[i];
            const std::string entry = str(kFusionPatternsPath, "[", i, "]");
            std::string joined;
            for (const auto& module : fusion.modules) joined += "_" + module;
            if (!isFusion(fusion.modules))
                report(Severity::Error, entry + ".modules",
                       str(entry, ".modules is ", joined.empty() ? "empty" : excerpt(joined.substr(1)),
                           ", expected conv, then bn or nothing, then an activation (relu, silu, ...) or nothing"));
            else if (!fusion.fuserMethod.empty() && fusion.fuserMethod != "fuse" + joined)
                report(Severity::Warning, entry + ".fuser_method",
                       str(entry, ".fuser_method is ", excerpt(fusion.fuserMethod),
                           ", but its modules are fused by fuse", joined));
        }
    }

    void checkPatternDots() {
        for (const StatedValue& value : m_stated) {
            if (!value.path.ends_with("].pattern")) continue;
            const std::string escaped = withEscapedDots(value.text);
            if (escaped == value.text) continue;
            m_issues.push_back(
                {Severity::Warning, value.place.line, value.place.column, value.path,
                 str(value.path, " has a dot that matches any character; '", excerpt(escaped), "' matches dots only")});
        }
    }

    void checkMetrics() {
        const std::vector<std::string>& known = kAnalysisMetrics;
        for (const StatedValue& value : m_stated) {
            if (value.path != "analysis.metrics" || std::find(known.begin(), known.end(), value.text) != known.end())
                continue;
            const std::string meant = closestName(value.text, known);
            m_issues.push_back({Severity::Warning, value.place.line, value.place.column, value.path,
                                str("analysis.metrics holds ", excerpt(value.text), ", which is not measured",
                                    meant.empty() ? "" : " (did you mean " + meant + "?)")});
        }
    }

    void checkImageSize() {
        const ImageSize size = fittingImageSize(m_config.data.imgsz, "data.imgsz");
        if (!size.notice.empty()) report(Severity::Warning, "data.imgsz", size.notice);
    }

    void checkPerChannelActivation() {
        if (m_config.quantization.activation.scheme != Scheme::PerChannel) return;
        report(Severity::Warning, "quantization.activation.scheme",
               "quantization.activation.scheme is per_channel, which most integer runtimes cannot execute");
    }

    // Widths and types that go together.
    void checkTypes(const std::string& at, const TensorQuantConfig& tensor) {
        const int bits = floatBits(tensor.dtype);
        if (bits > 0 && find(at + "bit_width") && tensor.bitWidth != bits)
            report(Severity::Error, at + "bit_width",
                   str(at, "bit_width is ", tensor.bitWidth, ", but ", at, "dtype has ", bits, " bits"));
        if (bits > 0 && tensor.reduceRange)
            report(Severity::Warning, at + "reduce_range",
                   str(at, "reduce_range does nothing to floating point values"));
        const int left = tensor.bitWidth - (tensor.reduceRange ? 1 : 0);
        if (bits == 0 && left < 1)
            report(Severity::Error, at + "reduce_range", str(at, "reduce_range leaves no bit of ", at, "bit_width 1"));
        if (tensor.dtype == DType::QInt8 && left == 1 && !tensor.symmetric)
            report(Severity::Error, at + "bit_width",
                   str(at, "bit_width 1 of qint8 means -1 and 1, which needs ", at, "symmetric: true"));
        if (find(at + "narrow_range") && tensor.narrowRange && !(tensor.dtype == DType::QInt8 && tensor.symmetric))
            report(Severity::Warning, at + "narrow_range", str(at, "narrow_range concerns symmetric qint8 only"));
    }

    // What a file could not hold is refused before hours of training, not after them.
    void checkFileTypes() {
        const std::string shared = sharedExportFile(m_config.exporting.formats);
        if (!shared.empty()) report(Severity::Error, "export.formats", "export.formats: " + shared);
        for (const std::string& key : m_config.exporting.formats)
            if (const ExportFormat* format = findExportFormat(key); format && !format->withoutFloat8.empty())
                checkFloat8(*format);
    }

    void checkFloat8(const ExportFormat& format) {
        const auto check = [&](const std::string& key, std::optional<DType> type) {
            if (type == DType::Float8E4m3 || type == DType::Float8E5m2)
                report(Severity::Error, key,
                       str(key, " is an 8-bit floating point type, which ", format.withoutFloat8, " cannot hold; take ",
                           format.key, " out of export.formats"));
        };
        check("quantization.weight.dtype", m_config.quantization.weight.dtype);
        check("quantization.activation.dtype", m_config.quantization.activation.dtype);
        for (size_t i = 0; i < m_config.quantization.layerConfigs.size(); ++i) {
            const std::string entry = str(kLayerConfigsPath, "[", i, "].config.");
            check(entry + "weight.dtype", m_config.quantization.layerConfigs[i].weight.dtype);
            check(entry + "activation.dtype", m_config.quantization.layerConfigs[i].activation.dtype);
        }
    }

    void checkGroups() {
        const std::string why = " is per_group, which only weights have";
        if (m_config.quantization.activation.scheme == Scheme::PerGroup)
            report(Severity::Error, "quantization.activation.scheme", "quantization.activation.scheme" + why);
        for (size_t i = 0; i < m_config.quantization.layerConfigs.size(); ++i) {
            const std::string key = str(kLayerConfigsPath, "[", i, "].config.activation.scheme");
            if (m_config.quantization.layerConfigs[i].activation.scheme == Scheme::PerGroup)
                report(Severity::Error, key, key + why);
        }
    }

    void checkRepair() {
        const RepairConfig& repair = m_config.repair;
        for (const auto& [key, on] : {std::pair{"repair.equalize", repair.equalize},
                                      {"repair.shift_negative", repair.shiftNegative},
                                      {"repair.adaround", repair.adaround},
                                      {"repair.bias_correction", repair.biasCorrection}})
            if (on && !m_config.train.quantize)
                report(Severity::Warning, key,
                       str(key, " is true, but train_params.quantize is false: there is nothing to repair"));
        if (repair.equalize && !m_config.qat.fuseModules)
            report(Severity::Warning, "repair.equalize",
                   "repair.equalize is true, but qat_params.fuse_modules is false: batch norms stand between the "
                   "convolutions");
        // A written-out default is no wish.
        for (const auto& [key, set] :
             {std::pair{"repair.adaround_iterations", repair.adaroundIterations != RepairConfig{}.adaroundIterations},
              {"repair.adaround_weight", repair.adaroundWeight != RepairConfig{}.adaroundWeight}})
            if (set && !repair.adaround)
                report(Severity::Warning, key, str(key, " does nothing because repair.adaround is false"));
    }

    void checkLearnedOffset() {
        const FakeQuantizeConfig& how = m_config.quantization.fakeQuantize;
        const std::string key = "quantization.fake_quantize.learn_offset";
        if (!how.learnOffset) return;
        if (how.type != FakeQuantKind::Lsq && !m_config.qat.useLsq)
            report(Severity::Warning, key, key + " is true, but only quantizers of type lsq learn offsets");
        else if (m_config.quantization.weight.symmetric && m_config.quantization.activation.symmetric)
            report(Severity::Warning, key, key + " is true, but all quantizers are symmetric and have no offset");
    }

    void checkClipDecay() {
        const std::string section = "fake_quantize.clip_decay";
        const auto isPact = [](const LayerConfig& entry) { return entry.fakeQuantize.type == FakeQuantKind::Pact; };
        const bool everywhere = m_config.quantization.fakeQuantize.type == FakeQuantKind::Pact && !m_config.qat.useLsq;
        if (everywhere || std::ranges::any_of(m_config.quantization.layerConfigs, isPact)) return;
        for (const StatedValue& value : m_stated)
            if (value.path.ends_with(section))
                report(Severity::Warning, value.path, value.path + " is given, but no quantizer is of type pact");
    }

    void checkScaleType() {
        const std::string key = "quantization.fake_quantize.scale_type";
        if (m_config.quantization.fakeQuantize.scaleType == ScaleKind::PowerOfTwo && !m_config.qat.fuseModules)
            report(Severity::Warning, key,
                   key +
                       " is power_of_two, but qat_params.fuse_modules is false: batch norms folded at export make "
                       "other scales of those of weights");
    }

    void checkCorrection() {
        if (m_config.qc.enabled && !m_config.train.quantize)
            report(Severity::Warning, "qc.enabled",
                   "qc.enabled is true, but train_params.quantize is false: there is nothing to correct");
        for (const StatedValue& value : m_stated) {
            const auto wrong = value.path == "qc.layers" ? LayerPattern::complaint(value.text) : std::nullopt;
            if (wrong)
                m_issues.push_back(
                    {Severity::Error, value.place.line, value.place.column, value.path, "qc.layers holds " + *wrong});
        }
    }

    void checkGate() {
        const GateConfig& gate = m_config.gate;
        if (gate.reaction == GateReaction::Retry) return;
        const auto warn = [&](const char* key) {
            report(Severity::Warning, key, str(key, " is only used by gate.reaction retry"));
        };
        if (gate.retries != GateConfig{}.retries) warn("gate.retries");
        if (gate.retryLrFactor != GateConfig{}.retryLrFactor) warn("gate.retry_lr_factor");
    }

    void checkClassWeights() {
        const TrainConfig& train = m_config.train;
        const bool given = !train.classWeights.empty(), balanced = train.classBalance > 0;
        const char* key = given ? "train_params.class_weights" : "train_params.class_balance";
        if (given && balanced)
            report(Severity::Warning, "train_params.class_balance",
                   "train_params.class_balance does nothing because train_params.class_weights gives the weights");
        if (given && std::ranges::all_of(train.classWeights, [](double weight) { return weight == 0; }))
            report(Severity::Error, key, "train_params.class_weights are all 0, so that no class would be learned");
        if ((given || balanced) && train.epochs == 0 && !m_config.qc.enabled)
            report(Severity::Warning, key, str(key, " does nothing because train_params.epochs is 0"));
    }

    void checkBounds(const std::string& at, const TensorQuantConfig& tensor) {
        const bool custom = tensor.observer == ObserverKind::CustomMinMax;
        if (!custom)
            for (const char* name : {"min", "max", "fixed"})
                if (const StatedValue* value = find(at + name);
                    value && value->text != "null" && value->text != "false" && !value->text.empty())
                    report(Severity::Warning, at + name, str(at, name, " is only used by the observer custom_minmax"));
        if (custom && tensor.fixed && !(tensor.min && tensor.max))
            report(Severity::Error, at + "fixed", str(at, "fixed is true, which needs ", at, "min and ", at, "max"));
        if (custom && tensor.min && tensor.max && *tensor.min >= *tensor.max)
            report(Severity::Error, at + "min",
                   str(at, "min is ", *tensor.min, ", expected less than ", at, "max, ", *tensor.max));
    }

    const Config& m_config;
    const std::vector<StatedValue>& m_stated;
    std::vector<ConfigIssue>& m_issues;
};

}  // namespace

void lintConfig(const Config& config, const std::vector<StatedValue>& stated, std::vector<ConfigIssue>& issues) {
    Lint(config, stated, issues).run();
}

}  // namespace qat
