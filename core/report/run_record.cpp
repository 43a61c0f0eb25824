// Reading events, line by line.
#include "report/run_record.h"

#include <algorithm>
#include <fstream>

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

void addEvent(RunRecord& record, Points& points, const json& event) {
    const std::string type = textOf(event, "type");
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
    return std::filesystem::is_regular_file(folder / "run_summary.json");
}

RunRecord readRunRecord(const std::filesystem::path& folder) {
    require(hasSummary(folder), ErrorKind::BadInput, folder.string(),
            " is not a finished run (no run_summary.json in it)");
    RunRecord record;
    record.folder = folder;
    record.summary = json::parse(readFile(folder / "run_summary.json"), nullptr, false);
    require(record.summary.is_object(), ErrorKind::BadInput, (folder / "run_summary.json").string(), " is damaged");
    Points points;
    std::ifstream events(folder / "events.jsonl");
    for (std::string line; std::getline(events, line);)
        if (const json event = json::parse(line, nullptr, false); event.is_object()) addEvent(record, points, event);
    for (const auto& [name, values] : points) record.series[name].assign(values.begin(), values.end());
    return record;
}

}  // namespace qat
