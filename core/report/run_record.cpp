// Reading events, line by line.
#include "report/run_record.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/files.h"

namespace qat {
namespace {

using nlohmann::json;

double numberOf(const json& event, const char* key) {
    const auto found = event.find(key);
    return found != event.end() && found->is_number() ? found->get<double>() : 0;
}

void addStage(RunRecord& record, const json& event) {
    if (textOf(event, "state") != "end") return;
    const std::string name = textOf(event, "stage");
    auto stage = std::ranges::find(record.stages, name, &StageTime::stage);
    if (stage == record.stages.end()) stage = record.stages.insert(stage, {name, 0});
    stage->seconds += numberOf(event, "seconds");
}

void addLayer(RunRecord& record, const json& event) {
    LayerRow row{textOf(event, "table"),
                 textOf(event, "layer"),
                 static_cast<int>(numberOf(event, "bits")),
                 static_cast<int>(numberOf(event, "epoch")),
                 textOf(event, "stage"),
                 {}};
    const auto metrics = event.find("metrics");
    if (metrics != event.end() && metrics->is_object())
        for (const auto& [name, value] : metrics->items())
            if (value.is_number()) row.metrics[name] = value.get<double>();
    record.layers.push_back(std::move(row));
}

void addLog(RunRecord& record, const json& event) {
    const std::string level = textOf(event, "level");
    record.logs.push_back({level == "error"     ? LogLevel::Error
                           : level == "warning" ? LogLevel::Warning
                                                : LogLevel::Info,
                           textOf(event, "source"), textOf(event, "text")});
}

using Points = std::map<std::string, std::map<double, double>>;

// The accuracies that the summary would have under "metrics".
json accuraciesOf(const RunRecord& record) {
    json metrics = json::object();
    for (const char* stage : {"fp32", "ptq", "before_qc", "final"})
        for (const char* metric : {"mAP50-95", "mAP50"})
            if (const auto value = record.last(str(stage, "/", metric))) metrics[stage][metric] = *value;
    return metrics;
}

// What the first line of the sitting tells of a run whose summary is not written yet.
json summaryFrom(const json& begin, const RunRecord& record) {
    return {{"created_at", textOf(begin, "time")},
            {"model", {{"variant", textOf(begin, "model")}}},
            {"quantization", {{"mode", textOf(begin, "quantization")}}},
            {"dataset", {{"dataset_yaml", textOf(begin, "data")}}},
            {"metrics", accuraciesOf(record)}};
}

void addEvent(RunRecord& record, Points& points, const json& event) {
    const std::string type = textOf(event, "type");
    if (type == "run" || type == "end") record.ended = type == "end";
    const auto value = event.find("value");
    if (type == "scalar" && value != event.end() && value->is_number())
        points[textOf(event, "series")][numberOf(event, "x")] = value->get<double>();
    if (type == "stage") addStage(record, event);
    if (type == "layer") addLayer(record, event);
    if (type == "log") addLog(record, event);
}

}  // namespace

std::string textOf(const json& object, const char* key) {
    if (!object.is_object()) return "";
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

double RunRecord::seconds() const {
    double sum = 0;
    for (const StageTime& stage : stages) sum += stage.seconds;
    return sum;
}

std::string RunRecord::text(const char* section, const char* key) const {
    const auto found = summary.find(section);
    return found == summary.end() ? "" : textOf(*found, key);
}

std::string RunRecord::text(const char* key) const {
    return textOf(summary, key);
}

std::optional<double> RunRecord::last(const std::string& name) const {
    const auto found = series.find(name);
    return found == series.end() || found->second.empty() ? std::nullopt : std::optional(found->second.back().second);
}

std::vector<std::string> RunRecord::lossTerms() const {
    constexpr std::string_view kBefore = "train/", kBehind = "_loss";
    std::vector<std::string> terms;
    for (const auto& [name, points] : series) {
        if (!name.starts_with(kBefore) || !name.ends_with(kBehind)) continue;
        const std::string term = name.substr(kBefore.size(), name.size() - kBefore.size() - kBehind.size());
        if (term != "distill" && term != "dampen") terms.push_back(term);
    }
    return terms;
}

bool hasSummary(const std::filesystem::path& folder) {
    std::error_code unreadable;
    return std::filesystem::exists(folder / "run_summary.json", unreadable);
}

bool isBegun(const std::filesystem::path& folder) {
    std::error_code unreadable;
    return std::filesystem::exists(folder / "config.yaml", unreadable) &&
           std::filesystem::exists(folder / "events.jsonl", unreadable);
}

RunRecord readRunRecord(const std::filesystem::path& folder) {
    require(hasSummary(folder) || isBegun(folder), ErrorKind::BadInput, folder.string(),
            " is not a run folder (neither run_summary.json nor config.yaml and events.jsonl in it)");
    RunRecord record;
    record.folder = folder;
    record.ended = hasSummary(folder);  // a log that was begun and says nothing yet is of a run that has not ended
    Points points;
    json begin;
    std::error_code unreadable;
    const bool hasEvents = std::filesystem::exists(folder / "events.jsonl", unreadable);
    const std::string events = hasEvents ? readFile(folder / "events.jsonl") : "";
    for (std::string_view rest = events; !rest.empty();
         rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1)) {
        const json event = json::parse(rest.substr(0, rest.find('\n')), nullptr, false);
        if (event.is_object()) addEvent(record, points, event);
        if (textOf(event, "type") == "run") begin = event;
    }
    for (const auto& [name, values] : points) record.series[name].assign(values.begin(), values.end());
    record.summary = hasSummary(folder) ? json::parse(readFile(folder / "run_summary.json"), nullptr, false)
                                        : summaryFrom(begin, record);
    require(record.summary.is_object(), ErrorKind::BadInput, (folder / "run_summary.json").string(), " is damaged");
    // A summary of this very sitting is written just before its end.
    const std::string sitting = textOf(begin, "run_id");
    record.ended = record.ended || (!sitting.empty() && textOf(record.summary, "run_id") == sitting);
    if (!record.ended) record.summary["status"] = "running or killed";
    return record;
}

}  // namespace qat
