// The keys.
#include "config/resumable.h"

#include <algorithm>
#include <array>

namespace qat {

bool asksForMore(std::string_view key) {
    return key == "train_params.epochs" || key == "train_params.patience" || key.starts_with("export.");
}

bool mayChangeOnResume(std::string_view key) {
    constexpr std::array<std::string_view, 5> kWithoutEffect{"run.workers", "run.threads", "run.output",
                                                             "gate.evidence", "train_params.checkpoint_every"};
    return asksForMore(key) || std::ranges::find(kWithoutEffect, key) != kWithoutEffect.end();
}

std::vector<ConfigDifference> lastingDifferences(const Config& a, const Config& b) {
    std::vector<ConfigDifference> differences = diffConfigs(a, b);
    std::erase_if(differences, [](const ConfigDifference& difference) { return mayChangeOnResume(difference.key); });
    return differences;
}

}  // namespace qat
