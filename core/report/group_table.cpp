// Gathering runs into rows, and writing them.
#include "report/group_table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <tuple>

#include "base/files.h"

namespace qat {
namespace {

using nlohmann::ordered_json;

Spread spreadOf(const std::vector<double>& values) {
    if (values.empty()) return {};
    const auto n = static_cast<double>(values.size());
    double sum = 0, squares = 0;
    for (const double v : values) sum += v;
    const double mean = sum / n;
    for (const double v : values) squares += (v - mean) * (v - mean);
    if (values.size() < 2) return {mean, std::nullopt};
    return {mean, std::sqrt(squares / (n - 1))};
}

// Values that runs of a row have, in their order.
template <class Get>
Spread over(const std::vector<const RunRecord*>& runs, Get get) {
    std::vector<double> values;
    for (const RunRecord* run : runs)
        if (const std::optional<double> value = get(*run)) values.push_back(*value);
    return spreadOf(values);
}

std::optional<double> finalAccuracy(const RunRecord& run, const char* metric) {
    const auto final = run.number("metrics", "final", metric);
    return final ? final : run.number("metrics", "ptq", metric);
}

MethodRow rowOf(const std::string& variant, const std::string& quantization, const std::string& method,
                std::vector<const RunRecord*> runs) {
    MethodRow row{.variant = variant,
                  .quantization = quantization,
                  .method = method,
                  .seeds = {},
                  .runs = {},
                  .map = {},
                  .map50 = {},
                  .fp32 = {},
                  .ptq = {},
                  .oscillatingShare = {}};
    const auto all = static_cast<int64_t>(runs.size());
    std::erase_if(runs, [](const RunRecord* run) { return run->text("status") != "completed-success"; });
    row.unfinished = all - static_cast<int64_t>(runs.size());
    std::ranges::stable_sort(runs, {},
                             [](const RunRecord* run) { return run->number("training", "seed").value_or(0); });
    for (const RunRecord* run : runs) {
        row.seeds.push_back(static_cast<int64_t>(run->number("training", "seed").value_or(0)));
        row.runs.push_back(run->folder.filename().string());
        row.stable += isStable(*run);
    }
    row.map = over(runs, [](const RunRecord& run) { return finalAccuracy(run, "mAP50-95"); });
    row.map50 = over(runs, [](const RunRecord& run) { return finalAccuracy(run, "mAP50"); });
    row.fp32 = over(runs, [](const RunRecord& run) { return run.number("metrics", "fp32", "mAP50-95"); }).mean;
    row.ptq = over(runs, [](const RunRecord& run) { return run.number("metrics", "ptq", "mAP50-95"); }).mean;
    row.oscillatingShare = over(runs, [](const RunRecord& run) { return run.last("oscillation/share"); }).mean;
    row.seconds = over(runs, [](const RunRecord& run) { return std::optional(run.seconds()); }).mean.value_or(0);
    return row;
}

std::string fixed(const std::optional<double>& value, int digits) {
    if (!value) return "-";
    char text[40];
    std::snprintf(text, sizeof text, "%.*f", digits, *value);
    return text;
}

std::string percent(const std::optional<double>& share) {
    return share ? fixed(100 * *share, 1) + " %" : "-";
}

ordered_json orNull(const std::optional<double>& value) {
    return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json rowJson(const MethodRow& row) {
    return {{"variant", row.variant},
            {"quantization", row.quantization},
            {"method", row.method},
            {"n", row.runs.size()},
            {"unfinished", row.unfinished},
            {"stable", row.stable},
            {"seeds", row.seeds},
            {"mAP50-95", {{"mean", orNull(row.map.mean)}, {"deviation", orNull(row.map.deviation)}}},
            {"mAP50", {{"mean", orNull(row.map50.mean)}, {"deviation", orNull(row.map50.deviation)}}},
            {"fp32", orNull(row.fp32)},
            {"ptq", orNull(row.ptq)},
            {"oscillating_share", orNull(row.oscillatingShare)},
            {"seconds", row.seconds},
            {"runs", row.runs}};
}

}  // namespace

bool isStable(const RunRecord& run) {
    const std::string outcome = run.text("stability", "outcome");
    return run.text("status") == "completed-success" && (outcome == "stable" || outcome == "recovered");
}

std::vector<RunRecord> readGroup(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> found;
    if (std::filesystem::is_directory(folder))
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            if (hasSummary(entry.path())) found.push_back(entry.path());
    std::ranges::sort(found);
    std::vector<RunRecord> runs;
    for (const auto& path : found) runs.push_back(readRunRecord(path));
    return runs;
}

std::vector<MethodRow> methodRows(const std::vector<RunRecord>& runs) {
    std::map<std::tuple<std::string, std::string, size_t, std::string>, std::vector<const RunRecord*>> groups;
    for (const RunRecord& run : runs) {
        const std::string method = run.text("method", "variant");
        const size_t parts = method == "baseline" ? 0 : 1 + static_cast<size_t>(std::ranges::count(method, '+'));
        groups[{run.text("model", "variant"), run.text("quantization", "mode"), parts, method}].push_back(&run);
    }
    std::vector<MethodRow> rows;
    for (const auto& [key, members] : groups)
        rows.push_back(rowOf(std::get<0>(key), std::get<1>(key), std::get<3>(key), members));
    return rows;
}

std::vector<std::vector<std::string>> methodTable(const std::vector<MethodRow>& rows) {
    std::vector<std::vector<std::string>> table{{"Model", "Bits", "Method", "Runs", "Stable", "mAP50-95", "Deviation",
                                                 "mAP50", "PTQ", "FP32", "Oscillating", "Time a run"}};
    for (const MethodRow& row : rows) {
        const std::string unfinished = row.unfinished ? " (" + std::to_string(row.unfinished) + " unfinished)" : "";
        table.push_back({row.variant, row.quantization, row.method, std::to_string(row.runs.size()) + unfinished,
                         std::to_string(row.stable), fixed(row.map.mean, 4), fixed(row.map.deviation, 4),
                         fixed(row.map50.mean, 4), fixed(row.ptq, 4), fixed(row.fp32, 4), percent(row.oscillatingShare),
                         fixed(row.seconds, 0) + " s"});
    }
    return table;
}

std::string methodTableMarkdown(const std::vector<MethodRow>& rows) {
    const auto table = methodTable(rows);
    std::string text;
    for (size_t i = 0; i < table.size(); ++i) {
        for (const std::string& cell : table[i]) text += "| " + cell + " ";
        text += "|\n";
        if (i > 0) continue;
        for (size_t column = 0; column < table[i].size(); ++column) text += "|---";
        text += "|\n";
    }
    return text;
}

void writeMethodTable(const std::filesystem::path& folder, const std::vector<MethodRow>& rows) {
    ordered_json list = ordered_json::array();
    for (const MethodRow& row : rows) list.push_back(rowJson(row));
    writeFileAtomic(folder / "methods.json", ordered_json{{"schema_version", "1.0"}, {"rows", list}}.dump(
                                                 2, ' ', false, ordered_json::error_handler_t::replace) +
                                                 "\n");
    writeFileAtomic(folder / "methods.md", methodTableMarkdown(rows));
}

}  // namespace qat
