// Writing summaries. Field names are those of the published contract of the method's authors.
#include "session/summary.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "config/config_io.h"

namespace qat {
namespace {

using nlohmann::ordered_json;

constexpr double kCollapseRatio = 0.5;

ordered_json accuracyJson(const std::optional<JobOutcome::Accuracy>& accuracy) {
    if (!accuracy) return nullptr;
    return {{"mAP50-95", accuracy->map}, {"mAP50", accuracy->map50}};
}

ordered_json metricsJson(const SummaryFacts& facts) {
    ordered_json history = ordered_json::array();
    double best = 0, final = 0;
    for (const EpochResult& epoch : facts.training.epochs) {
        history.push_back(epoch.map);
        if (!epoch.easier) best = std::max(best, epoch.map);
        final = epoch.map;
    }
    if (facts.training.epochs.empty() && facts.outcome.ptq) best = final = facts.outcome.ptq->map;
    return {{"primary_name", "metrics/mAP50-95(B)"}, {"best_value", best}, {"final_value", final}, {"history", history},
            {"fp32", accuracyJson(facts.outcome.fp32)}, {"ptq", accuracyJson(facts.outcome.ptq)}, {"final", accuracyJson(facts.outcome.final)}};
}

ordered_json stabilityJson(const SummaryFacts& facts, const ordered_json& metrics) {
    const double best = metrics.at("best_value"), final = metrics.at("final_value");
    return {{"collapse_threshold_ratio", kCollapseRatio}, {"final_over_best_ratio", best > 0 ? ordered_json(final / best) : ordered_json(nullptr)},
            {"collapsed", collapsed(facts.training.epochs)}};
}

ordered_json methodJson(const Config& config) {
    const EmaConfig& ema = config.ema;
    const OscillationConfig& oscillation = config.oscillation;
    return {{"variant", ema.enabled ? "ema" : "baseline"}, {"ema", {{"enabled", ema.enabled}, {"decay", ema.decay}, {"tau", ema.tau}, {"scales", ema.scales}}},
            {"oscillation", {{"dampen_weight", oscillation.dampen.weight}, {"freeze_threshold", oscillation.freeze.threshold},
                             {"bn_reestimation", reestimatesNorms(config) ? oscillation.bnReestimation : 0}}},
            {"distillation", {{"enabled", wantsDistillation(config)}, {"teacher", config.distillation.teacherModel},
                              {"temperature", config.distillation.temperature}, {"alpha", config.distillation.alpha},
                              {"feature_layers", config.distillation.featureDistillation ? config.distillation.featureLayers : std::vector<std::string>{}}}},
            {"fine_tuning_epochs", fineTuningEpochs(config)},
            {"qc", {{"enabled", false}, {"epochs", 0}, {"lr", 0.0}, {"bn_stats_fixed", true}}}};
}

// Those that were written, relative to the run folder.
ordered_json weightFiles(const RunFolder& folder) {
    ordered_json files = ordered_json::array();
    for (const char* name : {"final.safetensors", "best.safetensors", "last.safetensors"})
        if (std::filesystem::exists(folder.weights() / name)) files.push_back(std::string("weights/") + name);
    return files;
}

ordered_json layerJson(const LayerInfo& layer) {
    return {{"name", layer.name}, {"aliases", layer.aliases}, {"op", layer.op}, {"weight_shape", layer.weightShape}, {"output_shape", layer.outputShape},
            {"parameters", layer.parameters}, {"macs", layer.macs}, {"weight_bits", layer.weightBits}, {"activation_bits", layer.activationBits},
            {"observer", layer.observer}, {"weight_origin", layer.weightOrigin}, {"activation_origin", layer.activationOrigin},
            {"scale_group", layer.scaleGroup}};
}

std::string widths(int base, const std::set<int>& others) {
    std::set<int> all = others;
    all.insert(base);
    std::string text;
    for (const int bits : all) text += (text.empty() ? "" : "-") + std::to_string(bits);
    return text;
}

}  // namespace

bool collapsed(const std::vector<EpochResult>& epochs) {
    double best = 0;
    for (const EpochResult& epoch : epochs) best = std::max(best, epoch.easier ? 0 : epoch.map);
    return best > 0 && epochs.back().map < kCollapseRatio * best;
}

std::string quantizationName(const Config& config) {
    if (!config.train.quantize) return "fp32";
    std::set<int> weights, activations;
    for (const LayerConfig& entry : config.quantization.layerConfigs) {
        if (entry.weight.bitWidth) weights.insert(*entry.weight.bitWidth);
        if (entry.activation.bitWidth) activations.insert(*entry.activation.bitWidth);
    }
    return "w" + widths(config.quantization.weight.bitWidth, weights) + "a" + widths(config.quantization.activation.bitWidth, activations);
}

void writeSummary(const RunFolder& folder, const Config& config, const SummaryFacts& facts) {
    const ordered_json metrics = metricsJson(facts);
    const ordered_json summary{
        {"schema_version", "1.0"},
        {"run_id", facts.runId},
        {"created_at", facts.createdAt},
        {"git", nullptr},
        {"model", {{"variant", config.model.architecture + config.model.variant}, {"checkpoint", facts.checkpoint}, {"sha256", facts.checkpointSha256}, {"imgsz", config.data.imgsz}}},
        {"quantization", {{"mode", quantizationName(config)}, {"library", "qatelier"}, {"weight_bit_width", config.quantization.weight.bitWidth},
                          {"activation_bit_width", config.quantization.activation.bitWidth}}},
        {"repair", facts.repairNote.empty() ? ordered_json(nullptr) : ordered_json(facts.repairNote)},
        {"method", methodJson(config)},
        {"dataset", {{"coco_root", nullptr}, {"dataset_yaml", config.data.path}, {"train_images", facts.trainImages}, {"val_images", facts.valImages}}},
        {"training", {{"framework", "qatelier"}, {"epochs", config.train.epochs}, {"batch", config.train.batchSize}, {"seed", config.run.seed},
                      {"device", "cpu"}, {"amp", false}, {"overrides", ordered_json::object()}}},
        {"resolved_config", writeConfig(config)},
        {"artifacts", {{"run_root", "."}, {"results_csv", "results.csv"}, {"tensorboard_log_dir", nullptr}, {"weights", weightFiles(folder)},
                       {"exports", facts.exported}, {"export_notes", facts.exportNotes}}},
        {"metrics", metrics},
        {"size", {{"fp32_bytes", facts.outcome.fp32Bytes}, {"quantized_bytes", facts.outcome.quantizedBytes}}},
        {"stability", stabilityJson(facts, metrics)},
        {"gates", facts.outcome.gates},
        {"status", facts.status},
        {"error", facts.error.empty() ? ordered_json(nullptr) : ordered_json(facts.error)}};
    writeFileAtomic(folder.summary(), summary.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

void writeLayers(const RunFolder& folder, const std::vector<LayerInfo>& layers) {
    ordered_json list = ordered_json::array();
    for (const LayerInfo& layer : layers) list.push_back(layerJson(layer));
    writeFileAtomic(folder.layers(), list.dump(2) + "\n");
}

}  // namespace qat
