// Counting stable runs.
#include "session/stage_gate.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "config/architectures.h"
#include "config/config.h"
#include "config/table_name.h"
#include "report/group_table.h"
#include "session/precision.h"

namespace qat {
namespace {

bool isSmall(std::string_view variant) {
    const std::string_view size = variantSize(variant);
    return size == "n" || size == "s";
}

// Whether there are an n and an s that could be tried first: ResNet-20 has none, nor has YOLOv9t. Scales of a table are
// called as anybody likes.
bool hasSmaller(const ModelConfig& model) {
    const auto family = std::ranges::find(kArchitectures, model.architecture, &Architecture::name);
    if (family != kArchitectures.end())
        return !isSmall(model.variant) && std::ranges::count_if(family->variants, isSmall) > 1;
    return model.variant == "m" || model.variant == "l" || model.variant == "x";
}

}  // namespace

const char* stageGateName(StageGateState state) {
    switch (state) {
        case StageGateState::NotNeeded:
            return "not_needed";
        case StageGateState::NotAsked:
            return "not_asked";
        case StageGateState::Open:
            return "open";
        case StageGateState::Overridden:
            return "overridden";
        case StageGateState::Closed:
            return "closed";
    }
    return "";
}

std::string stageGate(const std::vector<ReportedRun>& runs, const std::string& variant, int required) {
    if (isSmall(variant) || required == 0) return "";
    std::string missing;
    const std::string task = variant.substr(variantSize(variant).size()), n = "n" + task, s = "s" + task;
    for (const std::string& small : {n, s}) {
        int stable = 0, all = 0;
        for (const ReportedRun& run : runs) {
            if (!run.text("model", "variant").ends_with(small) || run.text("method", "variant") != "ema+qc") continue;
            ++all;
            stable += isStable(run);
        }
        if (stable < required || stable < all)
            missing += str(missing.empty() ? "" : " and ", stable, " of ", std::max(all, required), " on ", small);
    }
    if (missing.empty()) return "";
    return str("model.variant is ", variant, ", which needs ", required, " stable runs of ema+qc on ", n, " and on ", s,
               " and no other: there are ", missing);
}

bool isGated(const Config& config) {
    const bool trains = config.train.quantize && config.train.epochs > 0;
    return trains && config.gate.stableRuns > 0 && hasSmaller(config.model);
}

std::vector<ReportedRun> evidenceOf(const Config& config) {
    require(std::filesystem::is_directory(config.gate.evidence), ErrorKind::BadInput, "gate.evidence is ",
            config.gate.evidence, ", which is no folder");
    std::vector<ReportedRun> runs = readGroup(config.gate.evidence);
    std::erase_if(runs, [&](const ReportedRun& run) {
        const std::string model = run.text("model", "variant");
        return run.text("quantization", "mode") != precisionName(config) ||
               (model != modelName(config.model, "n") && model != modelName(config.model, "s"));
    });
    return runs;
}

StageGate askStageGate(const Config& config, bool override) {
    if (!isGated(config)) return {StageGateState::NotNeeded};
    if (config.gate.evidence.empty()) return {StageGateState::NotAsked};
    std::string missing = stageGate(evidenceOf(config), config.model.variant, config.gate.stableRuns);
    if (missing.empty()) return {StageGateState::Open};
    return {override ? StageGateState::Overridden : StageGateState::Closed, std::move(missing)};
}

}  // namespace qat
