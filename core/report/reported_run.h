// A run folder read back: its summary and what its events tell. Serves tables over several runs and reports.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runs/run_record.h"

namespace qat {

struct ReportedRun {
    std::filesystem::path folder;
    nlohmann::json summary;
    RunRecord events;   // without pictures; with all of the log
    bool ended = true;  // false: the log's last sitting has no end, so the job is at work or was killed

    // A number of the summary: number("metrics", "final", "mAP50-95"); nothing where it is null or missing.
    template <class... Keys>
    std::optional<double> number(const Keys&... keys) const {
        const nlohmann::json* at = &summary;
        for (const std::string_view key : {std::string_view(keys)...}) {
            const auto found = at->is_object() ? at->find(key) : at->end();
            if (!at->is_object() || found == at->end()) return std::nullopt;
            at = &*found;
        }
        return at->is_number() ? std::optional(at->get<double>()) : std::nullopt;
    }
    std::string text(const char* section, const char* key) const;  // "" where it is missing
    std::string text(const char* key) const;
    // The primary metric of a model (series::kFp32 ...), as the summary has it.
    std::optional<double> score(std::string_view model) const {
        return number("metrics", model, events.metrics.primary().label);
    }
    // Terms of the training loss that come from the labels: not those of a teacher or of dampening.
    std::vector<std::string> labelLossTerms() const;
};

// A text of an object, "" where it is missing or something else: files may come from anywhere.
std::string textOf(const nlohmann::json& object, const char* key);

bool hasSummary(const std::filesystem::path& folder);

// Whether a job began to write a run here, which need not have ended.
bool isBegun(const std::filesystem::path& folder);

// Lines of events.jsonl that are cut off, or of unknown type, are passed over. What a run without run_summary.json is,
// its events say. Throws Error{BadInput} naming the file if there is neither, or if one of them is damaged or no
// regular file.
ReportedRun readRun(const std::filesystem::path& folder);

}  // namespace qat
