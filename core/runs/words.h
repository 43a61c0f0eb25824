// The words of a run folder that its writers and readers share: stages, series, tables, file names. Files hold them as
// they stand here, so a word is never changed.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace qat {

// What a job does, in this order where it does it.
namespace stages {
inline constexpr std::string_view kLoad = "load", kCalibrate = "calibrate", kSearch = "search", kRepair = "repair",
                                  kEvaluateFp32 = "evaluate_fp32", kEvaluatePtq = "evaluate_ptq", kAnalyze = "analyze",
                                  kTrain = "train", kReestimate = "reestimate", kCorrect = "qc", kEvaluate = "evaluate",
                                  kExport = "export";

struct Title {
    std::string_view stage, title;  // title: English, for people
};
inline constexpr std::array kTitles{Title{kLoad, "Load"},
                                    Title{kCalibrate, "Calibrate"},
                                    Title{kSearch, "Search widths"},
                                    Title{kRepair, "Repair"},
                                    Title{kEvaluateFp32, "Evaluate FP32"},
                                    Title{kEvaluatePtq, "Evaluate PTQ"},
                                    Title{kAnalyze, "Analyze"},
                                    Title{kTrain, "QAT"},
                                    Title{kReestimate, "Estimate norms"},
                                    Title{kCorrect, "Correct (QC)"},
                                    Title{kEvaluate, "Evaluate"},
                                    Title{kExport, "Export"}};

// An unknown stage, of another version, reads as written.
constexpr std::string_view title(std::string_view stage) {
    for (const Title& known : kTitles)
        if (known.stage == stage) return known.title;
    return stage;
}
}  // namespace stages

// Numbers over steps or epochs; those of training are columns of results.csv too, named as Ultralytics names them.
namespace series {
inline constexpr std::string_view kBiasRate = "lr/pg0", kWeightRate = "lr/pg1", kNormRate = "lr/pg2",
                                  kOscillating = "oscillation/share", kFrozen = "oscillation/frozen",
                                  kCorrectionLoss = "qc/loss";

// Figures of the validation behind every epoch, by the key of the metric (runs/metric_list.h): metrics/mAP50-95(B).
inline std::string ofEpochs(std::string_view key) {
    return std::string("metrics/").append(key);
}
// Those of the weights that were not averaged.
inline std::string ofRawEpochs(std::string_view key) {
    return std::string("metrics/raw/").append(key);
}

// Terms of train/X_loss that a method adds; the others are those of the labels.
inline constexpr std::string_view kDistill = "distill", kDampen = "dampen";
inline constexpr std::string_view kLossBefore = "train/", kLossBehind = "_loss";

inline std::string loss(std::string_view term) {
    return std::string(kLossBefore).append(term).append(kLossBehind);
}
// X of train/X_loss; nothing for another series.
constexpr std::optional<std::string_view> lossTerm(std::string_view name) {
    if (name.size() <= kLossBefore.size() + kLossBehind.size() || !name.starts_with(kLossBefore) ||
        !name.ends_with(kLossBehind))
        return std::nullopt;
    return name.substr(kLossBefore.size(), name.size() - kLossBefore.size() - kLossBehind.size());
}

// Models whose accuracy a run measures once, in its order; keys of the summary's metrics too.
inline constexpr std::string_view kFp32 = "fp32", kPtq = "ptq", kBeforeCorrection = "before_qc", kFinal = "final";

// A figure of such a model, by the label of the metric: fp32/mAP50-95.
inline std::string accuracy(std::string_view model, std::string_view label) {
    return std::string(model).append("/").append(label);
}
// In the place of a label: the score from which on such a model's findings are best believed.
inline constexpr std::string_view kConfidence = "confidence";
}  // namespace series

// Rows about layers.
namespace tables {
inline constexpr std::string_view kError = "error";              // with everything quantized
inline constexpr std::string_view kSensitivity = "sensitivity";  // with this layer alone quantized
inline constexpr std::string_view kOscillation = "oscillation";  // of weights in an epoch
inline constexpr std::string_view kRepair = "repair";            // before and after it
inline constexpr std::string_view kCorrection = "correction";    // what QC multiplies and adds, see train/correction.h
inline constexpr std::string_view kQuantizer = "quantizer";      // of a value, not a layer: a weight or an activation

// Whether what the rows name are layers, or outputs of the head.
constexpr bool isOfLayers(std::string_view table) {
    return table == kError || table == kSensitivity || table == kOscillation || table == kRepair ||
           table == kCorrection;
}
}  // namespace tables

// Which model an image or a row is of, in their field `stage`.
namespace model_stages {
inline constexpr std::string_view kCalibrated = "ptq", kTrained = "qat", kCorrected = "qc";
}  // namespace model_stages

// How a run ended.
namespace run_status {
inline constexpr std::string_view kSuccess = "completed-success", kFailed = "completed-failed",
                                  kIncomplete = "incomplete";
}  // namespace run_status

namespace run_files {
inline constexpr const char* kConfig = "config.yaml";
inline constexpr const char* kUserConfig = "user_config.yaml";
inline constexpr const char* kTable = "architecture.yaml";
inline constexpr const char* kEvents = "events.jsonl";
inline constexpr const char* kResults = "results.csv";
inline constexpr const char* kSummary = "run_summary.json";
inline constexpr const char* kLayers = "layers.json";
inline constexpr const char* kCalibration = "calibration.json";
inline constexpr const char* kReport = "report.html";
inline constexpr const char* kWeights = "weights";
inline constexpr const char* kCheckpoint = "checkpoint";
inline constexpr const char* kPreviews = "previews";
inline constexpr const char* kExports = "exports";
inline constexpr const char* kTensorboard = "tensorboard";
}  // namespace run_files

}  // namespace qat
