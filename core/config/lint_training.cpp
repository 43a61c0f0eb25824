// Rules about training, repair and correction.
#include "config/lint_rules.h"

#include <algorithm>

#include "base/error.h"
#include "config/derived.h"
#include "config/pattern.h"
#include "config/slot.h"

namespace qat {
namespace {

void checkAnneal(const LintReport& lint, const std::string& at, double begin, double end) {
    if (begin > end)
        lint.report(Severity::Warning, at + "begin",
                    str(at, "begin is ", begin, ", after ", at, "end, ", end, ": the value changes at once"));
}

}  // namespace

// A switch that is only off by default contradicts nothing.
void checkDistillation(const LintReport& lint) {
    const std::string first = "distillation.enabled", second = "qat_params.use_distillation";
    const bool on = lint.config.distillation.enabled, alsoOn = lint.config.qat.useDistillation;
    const std::string& off = on ? second : first;
    if (on != alsoOn && lint.find(off))
        lint.report(
            Severity::Warning, off,
            str(on ? first : second, " is true but ", off, " is false; one of them is enough for distillation"));
    const DistillationConfig& how = lint.config.distillation;
    if (wantsDistillation(lint.config) && how.featureDistillation && how.featureLayers.empty())
        lint.report(Severity::Warning, "distillation.feature_distillation",
                    "distillation.feature_distillation is true but distillation.feature_layers names no layer");
}

void checkFineTuning(const LintReport& lint) {
    if (!lint.config.qat.postQatFineTuning || fineTuningEpochs(lint.config) > 0) return;
    lint.report(
        Severity::Warning, "qat_params.post_qat_fine_tuning",
        str("qat_params.post_qat_fine_tuning is true, but there is no quantization-aware training that it could "
            "follow: ",
            lint.config.train.quantize ? "train_params.epochs is 0" : "train_params.quantize is false"));
}

void checkOscillation(const LintReport& lint) {
    const OscillationConfig& o = lint.config.oscillation;
    if (o.freeze.enabled() && !o.track)
        lint.report(Severity::Warning, "oscillation.track",
                    "oscillation.track is false, but oscillation.freeze.threshold needs the frequencies; they are "
                    "followed and not reported");
    if (o.freeze.enabled() && o.freeze.threshold < o.momentum)
        lint.report(Severity::Warning, "oscillation.freeze.threshold",
                    str("oscillation.freeze.threshold is below oscillation.momentum, ", o.momentum,
                        "; a single reversal freezes a weight"));
    if (o.freeze.enabled() && o.freeze.startThreshold < o.freeze.threshold)
        lint.report(Severity::Warning, "oscillation.freeze.start_threshold",
                    "oscillation.freeze.start_threshold is below oscillation.freeze.threshold; more weights freeze "
                    "early than late");
    if (o.bnReestimation > 0 && lint.config.qat.fuseModules)
        lint.report(Severity::Warning, "oscillation.bn_reestimation",
                    "oscillation.bn_reestimation has nothing to estimate because qat_params.fuse_modules folds the "
                    "batch norms before "
                    "training; set that to false to keep them");
    const bool trains = lint.config.train.quantize && lint.config.train.epochs > 0;
    for (const auto& [key, on] : {std::pair{"oscillation.dampen.weight", o.dampen.enabled()},
                                  {"oscillation.freeze.threshold", o.freeze.enabled()},
                                  {"oscillation.bn_reestimation", o.bnReestimation > 0}})
        if (on && !trains)
            lint.report(Severity::Warning, key, str(key, " does nothing without quantization-aware training"));
}

void checkAnneals(const LintReport& lint) {
    checkAnneal(lint, "oscillation.dampen.", lint.config.oscillation.dampen.begin, lint.config.oscillation.dampen.end);
    checkAnneal(lint, "oscillation.freeze.", lint.config.oscillation.freeze.begin, lint.config.oscillation.freeze.end);
}

// Modes of quantization-aware training along the epochs.
void checkCourse(const LintReport& lint) {
    const int epochs = lint.config.train.epochs, easier = easierEpochs(lint.config);
    const GradualBitsConfig& gradual = lint.config.qat.gradualBits;
    if (epochs > 0 && easier >= epochs) {
        const bool inFloat = lint.config.qat.floatEpochs >= epochs;
        const std::string key = inFloat ? "qat_params.float_epochs" : "qat_params.gradual_bits.duration";
        lint.report(
            Severity::Warning, key,
            str(key, " is ", easier, ", but train_params.epochs is ", epochs, ": no epoch trains what is exported"));
    }
    if (gradual.enabled() && lint.config.qat.floatEpochs >= gradual.duration)
        lint.report(
            Severity::Warning, "qat_params.gradual_bits.duration",
            str("qat_params.gradual_bits.duration is ", gradual.duration, ", within the float epochs: no width falls"));
    if (lint.config.train.bnFreezeEpoch > 0 && lint.config.train.quantize && lint.config.qat.fuseModules)
        lint.report(
            Severity::Warning, "train_params.bn_freeze_epoch",
            "train_params.bn_freeze_epoch has nothing to freeze because qat_params.fuse_modules folds the batch "
            "norms before "
            "training; set that to false to keep them");
    if (!lint.config.train.quantize && (lint.config.qat.floatEpochs > 0 || gradual.enabled()))
        lint.report(Severity::Warning,
                    lint.config.qat.floatEpochs > 0 ? "qat_params.float_epochs" : "qat_params.gradual_bits.weight",
                    "qat_params.float_epochs and qat_params.gradual_bits do nothing because train_params.quantize is "
                    "false");
    for (const StatedValue& value : lint.stated) {
        if (value.path != "train_params.frozen_layers") continue;
        if (const auto complaint = LayerPattern::complaint(value.text))
            lint.reportAt(Severity::Error, value,
                          str("train_params.frozen_layers holds ", excerpt(value.text), ": ", *complaint));
    }
}

void checkRepair(const LintReport& lint) {
    const RepairConfig& repair = lint.config.repair;
    for (const auto& [key, on] : {std::pair{"repair.equalize", repair.equalize},
                                  {"repair.shift_negative", repair.shiftNegative},
                                  {"repair.adaround", repair.adaround},
                                  {"repair.bias_correction", repair.biasCorrection}})
        if (on && !lint.config.train.quantize)
            lint.report(Severity::Warning, key,
                        str(key, " is true, but train_params.quantize is false: there is nothing to repair"));
    if (repair.equalize && !lint.config.qat.fuseModules)
        lint.report(Severity::Warning, "repair.equalize",
                    "repair.equalize is true, but qat_params.fuse_modules is false: batch norms stand between the "
                    "convolutions");
    // A written-out default is no wish.
    for (const auto& [key, set] :
         {std::pair{"repair.adaround_iterations", repair.adaroundIterations != RepairConfig{}.adaroundIterations},
          {"repair.adaround_weight", repair.adaroundWeight != RepairConfig{}.adaroundWeight}})
        if (set && !repair.adaround)
            lint.report(Severity::Warning, key, str(key, " does nothing because repair.adaround is false"));
}

void checkCorrection(const LintReport& lint) {
    if (lint.config.qc.enabled && !lint.config.train.quantize)
        lint.report(Severity::Warning, "qc.enabled",
                    "qc.enabled is true, but train_params.quantize is false: there is nothing to correct");
    for (const StatedValue& value : lint.stated) {
        const auto wrong = value.path == "qc.layers" ? LayerPattern::complaint(value.text) : std::nullopt;
        if (wrong) lint.reportAt(Severity::Error, value, "qc.layers holds " + *wrong);
    }
}

void checkGate(const LintReport& lint) {
    const GateConfig& gate = lint.config.gate;
    if (gate.reaction == GateReaction::Retry) return;
    const auto warn = [&](const char* key) {
        lint.report(Severity::Warning, key, str(key, " is only used by gate.reaction retry"));
    };
    if (gate.retries != GateConfig{}.retries) warn("gate.retries");
    if (gate.retryLrFactor != GateConfig{}.retryLrFactor) warn("gate.retry_lr_factor");
}

void checkEndToEnd(const LintReport& lint) {
    const TrainConfig& train = lint.config.train;
    if (train.endToEnd != EndToEndKind::Auto && train.epochs == 0 && !lint.config.qc.enabled)
        lint.report(Severity::Warning, "train_params.end_to_end",
                    "train_params.end_to_end does nothing because train_params.epochs is 0");
}

void checkClassWeights(const LintReport& lint) {
    const TrainConfig& train = lint.config.train;
    const bool given = !train.classWeights.empty(), balanced = train.classBalance > 0;
    const char* key = given ? "train_params.class_weights" : "train_params.class_balance";
    if (given && balanced)
        lint.report(Severity::Warning, "train_params.class_balance",
                    "train_params.class_balance does nothing because train_params.class_weights gives the weights");
    if (given && std::ranges::all_of(train.classWeights, [](double weight) { return weight == 0; }))
        lint.report(Severity::Error, key, "train_params.class_weights are all 0, so that no class would be learned");
    if ((given || balanced) && train.epochs == 0 && !lint.config.qc.enabled)
        lint.report(Severity::Warning, key, str(key, " does nothing because train_params.epochs is 0"));
}

}  // namespace qat
