// What a run folder says, read back: its summary and its events. Serves tables over several runs and reports.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/events.h"

namespace qat {

struct StageTime {
    std::string stage;
    double seconds = 0;  // of all sittings
};

struct LoggedLine {
    LogLevel level = LogLevel::Info;
    std::string source, text;
};

struct RunRecord {
    std::filesystem::path folder;
    nlohmann::json summary;
    std::map<std::string, std::vector<std::pair<double, double>>> series;  // x ascending; of equal x the last written
    std::vector<StageTime> stages;                                         // in the order they first ended
    std::vector<LayerRow> layers;                                          // as written
    std::vector<LoggedLine> logs;
    bool ended = true;  // false: the log's last sitting has no end, so the job is at work or was killed

    double seconds() const;  // of all stages
    // A number of the summary: metric("metrics", "final", "mAP50-95"); nothing where it is null or missing.
    template <class... Keys>
    std::optional<double> number(const Keys&... keys) const {
        const nlohmann::json* at = &summary;
        for (const char* key : {keys...}) {
            const auto found = at->is_object() ? at->find(key) : at->end();
            if (!at->is_object() || found == at->end()) return std::nullopt;
            at = &*found;
        }
        return at->is_number() ? std::optional(at->get<double>()) : std::nullopt;
    }
    std::string text(const char* section, const char* key) const;  // "" where it is missing
    std::string text(const char* key) const;
    std::optional<double> last(const std::string& name) const;  // value of a series
    // Terms of the training loss: X of the series train/X_loss; not those of a teacher or of dampening.
    std::vector<std::string> lossTerms() const;
};

// A text of an object, "" where it is missing or something else: files may come from anywhere.
std::string textOf(const nlohmann::json& object, const char* key);

bool hasSummary(const std::filesystem::path& folder);

// Whether a job began to write a run here, which need not have ended.
bool isBegun(const std::filesystem::path& folder);

// Lines of events.jsonl that are cut off, or of unknown type, are passed over. What a run without run_summary.json is,
// its events say. Throws Error{BadInput} naming the file if there is neither, or if one of them is damaged or no
// regular file.
RunRecord readRunRecord(const std::filesystem::path& folder);

}  // namespace qat
