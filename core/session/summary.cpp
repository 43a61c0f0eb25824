// Writing summaries. Field names are those of the published contract of the method's authors.
#include "session/summary.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "config/config_io.h"
#include "config/derived.h"
#include "config/slot.h"
#include "config/table_name.h"
#include "report/summary_version.h"
#include "runs/fields_json.h"
#include "runs/words.h"
#include "session/methods.h"
#include "session/precision.h"
#include "train/sentinel.h"

namespace qat {
namespace {

using nlohmann::ordered_json;

ordered_json accuracyJson(const std::optional<Metrics>& metrics) {
    if (!metrics) return nullptr;
    ordered_json json = ordered_json::object();
    for (const Metric& metric : metrics->headlines()) json[metric.label] = metric.value;
    return json;
}

// Of the epochs that count; nothing without any.
std::optional<double> bestScore(const std::vector<EpochResult>& epochs) {
    std::optional<double> best;
    for (const EpochResult& epoch : epochs)
        if (!epoch.easier) best = std::max(best.value_or(0), epoch.score());
    return best;
}

// Absent where nothing was measured.
struct Range {
    std::optional<double> best, final;
};

Range rangeOf(const SummaryFacts& facts) {
    const auto& epochs = facts.training.epochs;
    Range range;
    if (!epochs.empty())
        range = {bestScore(epochs), epochs.back().score()};
    else if (facts.outcome.ptq)
        range = {facts.outcome.ptq->score(), facts.outcome.ptq->score()};
    return range;
}

ordered_json numberJson(const std::optional<double>& number) {
    return number ? ordered_json(*number) : ordered_json(nullptr);
}

ordered_json measuredJson(const Config& config, const SummaryFacts& facts) {
    ordered_json json{{"split", config.data.valSplit},
                      {"images", facts.valImages},
                      {"input", inputShapeText(config.data.imgsz, config.data.rect)}};
    const MeasuringFacts measuring = facts.task->measuring(facts.model, facts.beside);
    for (const auto& [name, words] : measuring.words) json[name] = words;
    for (const auto& [name, value] : measuring.settings) json[name] = value;
    json["how"] = measuring.how;
    return json;
}

ordered_json versionsJson() {
    ordered_json json;
    for (const auto& [name, version] : versions()) json[name] = version;
    return json;
}

ordered_json digestJson(const DataDigest& digest) {
    if (digest.sha256.empty()) return nullptr;
    return {{"covers", digest.covers}, {"sha256", digest.sha256}};
}

ordered_json filesJson(const RunFolder& folder) {
    ordered_json files = ordered_json::array();
    for (const FileDigest& file : artifactsOf(folder.root))
        files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
    return files;
}

// The last one of a key acts.
ordered_json overridesJson(const SummaryFacts& facts) {
    ordered_json overrides = ordered_json::object();
    for (const auto& [key, value] : facts.overrides) overrides[key] = value;
    return overrides;
}

ordered_json exportsJson(const SummaryFacts& facts) {
    ordered_json paths = ordered_json::array();
    for (const ExportedFile& file : facts.exported) paths.push_back(file.path.generic_string());
    return paths;
}

ordered_json exportNotesJson(const SummaryFacts& facts) {
    ordered_json notes = ordered_json::array();
    for (const ExportedFile& file : facts.exported)
        for (const std::string& note : file.notes) notes.push_back(note);
    return notes;
}

ordered_json exportChecksJson(const SummaryFacts& facts) {
    ordered_json checks = ordered_json::array();
    for (const ExportedFile& file : facts.exported)
        checks.push_back({{"format", file.format},
                          {"file", file.path.generic_string()},
                          {"result", checkResultName(file.check.result)},
                          {"runtime", file.check.runtime},
                          {"version", file.check.version},
                          {"sentence", file.check.sentence},
                          {"bytes", file.bytes},
                          {"notes", file.notes}});
    return checks;
}

ordered_json confidencesJson(const SummaryFacts& facts) {
    ordered_json json = ordered_json::object();
    const std::optional<Metrics> none;
    for (const auto& [model, metrics] :
         {std::pair{series::kFp32, &facts.outcome.fp32},
          {series::kPtq, &facts.outcome.ptq},
          {series::kBeforeCorrection, facts.correction ? &facts.correction->before : &none},
          {series::kFinal, &facts.outcome.final}})
        json[std::string(model)] = *metrics ? numberJson((*metrics)->confidence) : nullptr;
    return json;
}

ordered_json metricsJson(const Config& config, const SummaryFacts& facts) {
    ordered_json history = ordered_json::array();
    for (const EpochResult& epoch : facts.training.epochs) history.push_back(epoch.score());
    const Range range = rangeOf(facts);
    return {{"measured", measuredJson(config, facts)},
            {"primary_name", series::ofEpochs(facts.task->metrics().primary().key)},
            {"best_value", numberJson(range.best)},
            {"final_value", numberJson(range.final)},
            {"history", history},
            {"fp32", accuracyJson(facts.outcome.fp32)},
            {"ptq", accuracyJson(facts.outcome.ptq)},
            {"before_qc", accuracyJson(facts.correction ? facts.correction->before : std::nullopt)},
            {"final", accuracyJson(facts.outcome.final)},
            {"recommended_confidence", confidencesJson(facts)},
            {"judged_by", toJson(facts.task->metrics())}};
}

ordered_json incidentJson(const Incident& i) {
    return {{"trouble", troubleName(i.trouble)},
            {"epoch", i.epoch},
            {"step", i.step},
            {"subject", i.subject},
            {"what", i.what},
            {"likely_cause", i.cause},
            {"reaction", reactionName(i.reaction)}};
}

// not_trained, never_learned, stopped, collapsed, recovered, stable
const char* stabilityOutcome(const TrainOutcome& training, const GateConfig& gate) {
    if (training.halted) return "stopped";
    if (training.epochs.empty()) return "not_trained";
    if (collapsed(training, gate.collapseRatio)) return "collapsed";
    if (!(bestScore(training.epochs).value_or(0) > 0)) return "never_learned";
    const bool retried =
        std::ranges::any_of(training.incidents, [](const Incident& i) { return i.reaction == GateReaction::Retry; });
    return retried ? "recovered" : "stable";
}

// Nothing of what the network could do in FP32 is left at the end, and next to nothing was after calibration: no
// collapse of training, which had nothing to lose.
bool stayedLost(const SummaryFacts& facts) {
    const JobOutcome& outcome = facts.outcome;
    const auto best = bestScore(facts.training.epochs);
    return outcome.fp32 && outcome.fp32->score() >= kSomeAccuracy && outcome.ptq &&
           outcome.ptq->score() < kSomeAccuracy && outcome.final && outcome.final->score() == 0 && best && *best == 0;
}

ordered_json stabilityJson(const SummaryFacts& facts, const GateConfig& gate) {
    const Range range = rangeOf(facts);
    const bool ratio = range.best && *range.best > 0;
    ordered_json incidents = ordered_json::array();
    for (const Incident& incident : facts.training.incidents) incidents.push_back(incidentJson(incident));
    return {{"collapse_threshold_ratio", gate.collapseRatio},
            {"final_over_best_ratio", ratio ? ordered_json(*range.final / *range.best) : ordered_json(nullptr)},
            {"started_from", numberJson(facts.training.startScore)},
            {"collapsed", collapsed(facts.training, gate.collapseRatio)},
            {"outcome", stabilityOutcome(facts.training, gate)},
            {"incidents", incidents}};
}

ordered_json correctionJson(const Config& config, const SummaryFacts& facts) {
    const QcConfig& qc = config.qc;
    ordered_json json{{"enabled", facts.correction.has_value()},
                      {"epochs", facts.correction ? qc.epochs : 0},
                      {"lr", facts.correction ? qc.lr : 0.0},
                      {"bn_stats_fixed", true}};
    if (!facts.correction) return json;
    static constexpr std::array kForms{"batch_norm", "scales", "operations"};
    ordered_json layers = ordered_json::array();
    for (const LayerCorrection& l : facts.correction->outcome.layers)
        layers.push_back({{"layer", l.layer},
                          {"form", kForms[static_cast<size_t>(l.form)]},
                          {"gamma_min", l.gammaMin},
                          {"gamma_max", l.gammaMax},
                          {"beta_max", l.betaMax}});
    json["applied"] = facts.correction->outcome.diverged.empty();
    json["images"] = facts.correction->images;
    json["steps"] = facts.correction->outcome.steps;
    json["layers"] = layers;
    return json;
}

ordered_json methodJson(const Config& config, const SummaryFacts& facts) {
    const EmaConfig& ema = config.ema;
    const OscillationConfig& oscillation = config.oscillation;
    return {{"variant", methodName(config)},
            {"ema", {{"enabled", ema.enabled}, {"decay", ema.decay}, {"tau", ema.tau}, {"scales", ema.scales}}},
            {"oscillation",
             {{"dampen_weight", oscillation.dampen.weight},
              {"freeze_threshold", oscillation.freeze.threshold},
              {"bn_reestimation", reestimatesNorms(config) ? oscillation.bnReestimation : 0}}},
            {"distillation",
             {{"enabled", wantsDistillation(config)},
              {"teacher", config.distillation.teacherModel},
              {"temperature", config.distillation.temperature},
              {"alpha", config.distillation.alpha},
              {"feature_layers", config.distillation.featureDistillation ? config.distillation.featureLayers
                                                                         : std::vector<std::string>{}}}},
            {"fine_tuning_epochs", fineTuningEpochs(config)},
            {"qc", correctionJson(config, facts)}};
}

ordered_json existing(const RunFolder& folder, const char* name) {
    return std::filesystem::exists(folder.root / name) ? ordered_json(name) : ordered_json(nullptr);
}

// Those that were written, relative to the run folder.
ordered_json weightFiles(const RunFolder& folder) {
    ordered_json files = ordered_json::array();
    for (const char* name : {"final.safetensors", "best.safetensors", "last.safetensors"})
        if (std::filesystem::exists(folder.weights() / name)) files.push_back(std::string("weights/") + name);
    return files;
}

}  // namespace

bool collapsed(const TrainOutcome& training, double ratio) {
    const auto floor = floorOf(training);
    return !training.epochs.empty() && floor && training.epochs.back().score() < ratio * floor->score;
}

std::string stabilityGate(const SummaryFacts& facts, const GateConfig& gate) {
    const TrainOutcome& training = facts.training;
    if (training.halted) return "training stopped early: " + training.incidents.back().sentence();
    if (stayedLost(facts) && gate.collapseRatio > 0)
        return str("training did not bring back what quantization took: ", facts.outcome.fp32->best().label, " was ",
                   facts.outcome.fp32->score(), " in FP32, ", facts.outcome.ptq->score(),
                   " after calibration, and 0 in all epochs (", training.epochs.size(), ")");
    if (!collapsed(training, gate.collapseRatio)) return "";
    const auto incident = std::find_if(training.incidents.rbegin(), training.incidents.rend(),
                                       [](const Incident& i) { return i.trouble == Trouble::Collapse; });
    const Metric& last = training.epochs.back().metrics.best();
    return str("training collapsed: the last ", last.label, ", ", last.value, ", is below ", gate.collapseRatio, " of ",
               floorOf(training)->place,
               incident == training.incidents.rend() ? "" : "; likely cause: " + incident->cause);
}

void writeSummary(const RunFolder& folder, const Config& config, const SummaryFacts& facts) {
    const ordered_json summary{
        {"schema_version", kSummaryVersion},
        {"run_id", facts.runId},
        {"created_at", facts.createdAt},
        {"versions", versionsJson()},
        {"model",
         {{"variant", modelName(config.model)},
          {"checkpoint", facts.checkpoint},
          {"sha256", facts.checkpointSha256},
          {"imgsz", config.data.imgsz}}},
        {"quantization",
         {{"mode", precisionName(config)},
          {"calibration", spelling(config.calibration.method)},
          {"library", "qatelier"},
          {"weight_bit_width", config.quantization.weight.bitWidth},
          {"activation_bit_width", config.quantization.activation.bitWidth}}},
        {"repair", facts.repairNote.empty() ? ordered_json(nullptr) : ordered_json(facts.repairNote)},
        {"method", methodJson(config, facts)},
        {"dataset",
         {{"coco_root", nullptr},
          {"dataset_yaml", config.data.path},
          {"train_images", facts.trainImages},
          {"val_images", facts.valImages},
          {"train_left_out", facts.trainLeftOut},
          {"val_left_out", facts.valLeftOut},
          {"damaged_images", facts.damagedImages},
          {"train_digest", digestJson(facts.trainData)},
          {"val_digest", digestJson(facts.valData)}}},
        {"training",
         {{"framework", "qatelier"},
          {"epochs", config.train.epochs},
          {"batch", config.train.batchSize},
          {"seed", config.run.seed},
          {"device", facts.device},
          {"amp", false},
          {"overrides", overridesJson(facts)}}},
        {"resolved_config", writeConfig(config)},
        {"artifacts",
         {{"run_root", "."},
          {"results_csv", existing(folder, "results.csv")},
          {"tensorboard_log_dir", "tensorboard"},
          {"weights", weightFiles(folder)},
          {"exports", exportsJson(facts)},
          {"export_notes", exportNotesJson(facts)},
          {"export_checks", exportChecksJson(facts)},
          {"files", filesJson(folder)}}},
        {"metrics", metricsJson(config, facts)},
        {"size", {{"fp32_bytes", facts.outcome.fp32Bytes}, {"quantized_bytes", facts.outcome.quantizedBytes}}},
        {"stability", stabilityJson(facts, config.gate)},
        {"gates", facts.outcome.gates},
        {"stage_gate", stageGateName(facts.stageGate.state)},
        {"overridden_gate",
         facts.stageGate.missing.empty() ? ordered_json(nullptr) : ordered_json(facts.stageGate.missing)},
        {"status", facts.status},
        {"error", facts.error.empty() ? ordered_json(nullptr) : ordered_json(facts.error)}};
    writeFileAtomic(folder.summary(), jsonText(summary, 2) + "\n");
}

void writeLayers(const RunFolder& folder, const std::vector<LayerInfo>& layers) {
    writeFileAtomic(folder.layers(), layersText(layers));
}

}  // namespace qat
