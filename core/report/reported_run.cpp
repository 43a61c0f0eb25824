// Summary and events, each standing in for the other where it is missing.
#include "report/reported_run.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "runs/folder.h"

namespace qat {
namespace {

using nlohmann::json;

// The accuracies that the summary would have under "metrics".
json accuraciesOf(const RunRecord& events) {
    json metrics = json::object();
    for (const auto model : {series::kFp32, series::kPtq, series::kBeforeCorrection, series::kFinal})
        for (const MetricName& metric : events.metrics.headlines())
            if (const auto value = events.value(series::accuracy(model, metric.label)))
                metrics[std::string(model)][metric.label] = *value;
    return metrics;
}

// What the last sitting's first line tells of a run whose summary is not written yet.
json summaryFrom(const RunRecord& events) {
    return {{"created_at", events.run.time},
            {"model", {{"variant", events.run.model}}},
            {"quantization", {{"mode", events.run.quantization}}},
            {"dataset", {{"dataset_yaml", events.run.data}}},
            {"metrics", accuraciesOf(events)}};
}

RunRecord readEvents(const std::filesystem::path& file) {
    RunRecord events;
    events.log.capacity = RunLog::kUnbounded;
    events.keepsImages = false;  // nobody reports boxes, and they are most of a log
    std::error_code unreadable;
    if (!std::filesystem::exists(file, unreadable)) return events;
    const std::string text = readFile(file);
    for (size_t at = 0, end; at < text.size(); at = end + 1) {
        end = std::min(text.find('\n', at), text.size());
        events.apply(std::string_view(text).substr(at, end - at));
    }
    return events;
}

}  // namespace

std::string textOf(const json& object, const char* key) {
    if (!object.is_object()) return "";
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string ReportedRun::text(const char* section, const char* key) const {
    const auto found = summary.find(section);
    return found == summary.end() ? "" : textOf(*found, key);
}

std::string ReportedRun::text(const char* key) const {
    return textOf(summary, key);
}

std::vector<std::string> ReportedRun::labelLossTerms() const {
    std::vector<std::string> terms = events.lossTerms();
    std::erase(terms, series::kDistill);
    std::erase(terms, series::kDampen);
    return terms;
}

bool hasSummary(const std::filesystem::path& folder) {
    std::error_code unreadable;
    return std::filesystem::exists(RunFolder{folder}.summary(), unreadable);
}

bool isBegun(const std::filesystem::path& folder) {
    std::error_code unreadable;
    return std::filesystem::exists(RunFolder{folder}.config(), unreadable) &&
           std::filesystem::exists(RunFolder{folder}.events(), unreadable);
}

ReportedRun readRun(const std::filesystem::path& folder) {
    require(hasSummary(folder) || isBegun(folder), ErrorKind::BadInput, folder.string(),
            " is not a run folder (neither ", run_files::kSummary, " nor ", run_files::kConfig, " and ",
            run_files::kEvents, " in it)");
    const auto summary = RunFolder{folder}.summary();
    ReportedRun run{folder, {}, readEvents(RunFolder{folder}.events())};
    run.summary = hasSummary(folder) ? json::parse(readFile(summary), nullptr, false) : summaryFrom(run.events);
    require(run.summary.is_object(), ErrorKind::BadInput, summary.string(), " is damaged");
    if (const auto metrics = run.summary.find("metrics"); metrics != run.summary.end() && metrics->is_object())
        if (auto list = readMetricList(metrics->value("judged_by", json()).dump()))
            run.events.metrics = std::move(*list);
    // A log that was begun and says nothing yet is of a run that has not ended.
    const bool begun = !run.events.sittings.empty();
    run.ended = begun ? run.events.ended() : run.events.ended() || hasSummary(folder);
    // A summary of this very sitting is written just before its end.
    run.ended = run.ended || (!run.events.run.runId.empty() && textOf(run.summary, "run_id") == run.events.run.runId);
    if (!run.ended) run.summary["status"] = "running or killed";
    return run;
}

}  // namespace qat
