// Gathering runs into rows, and writing them.
#include "report/group_table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "report/figures.h"

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
Spread over(const std::vector<const ReportedRun*>& runs, Get get) {
    std::vector<double> values;
    for (const ReportedRun* run : runs)
        if (const std::optional<double> value = get(*run)) values.push_back(*value);
    return spreadOf(values);
}

// Mean of the last epoch's steps; without weights of its own, so that methods can be compared.
std::optional<double> lastLoss(const ReportedRun& run) {
    const RunSeries* scores = run.events.scores();
    const size_t epochs = scores ? scores->curve().size() : 0;
    const std::vector<std::string> terms = run.labelLossTerms();
    if (epochs == 0 || terms.empty()) return std::nullopt;
    double sum = 0;
    for (const std::string& term : terms) {
        const auto steps = run.events.find(series::loss(term))->curve();
        if (steps.empty()) return std::nullopt;
        const size_t count = std::clamp<size_t>(steps.size() / epochs, 1, steps.size());
        double part = 0;
        for (size_t i = steps.size() - count; i < steps.size(); ++i) part += steps[i].second;
        sum += part / static_cast<double>(count);
    }
    return sum;
}

// What runs of one row have in common.
MethodRow emptyRow(const ReportedRun& run) {
    return {.variant = run.text("model", "variant"),
            .quantization = run.text("quantization", "mode"),
            .calibration = run.text("quantization", "calibration"),
            .method = run.text("method", "variant"),
            .seeds = {},
            .runs = {},
            .figures = {},
            .fp32 = {},
            .ptq = {},
            .loss = {},
            .oscillatingShare = {}};
}

MethodRow rowOf(std::vector<const ReportedRun*> runs) {
    MethodRow row = emptyRow(*runs.front());
    const MetricList judgedBy = runs.front()->events.metrics;  // runs of one model have the same
    const auto all = static_cast<int64_t>(runs.size());
    std::erase_if(runs, [](const ReportedRun* run) { return run->text("status") != run_status::kSuccess; });
    row.unfinished = all - static_cast<int64_t>(runs.size());
    std::ranges::stable_sort(runs, {},
                             [](const ReportedRun* run) { return run->number("training", "seed").value_or(0); });
    for (const ReportedRun* run : runs) {
        row.seeds.push_back(static_cast<int64_t>(run->number("training", "seed").value_or(0)));
        row.runs.push_back(run->folder.filename().string());
        row.trained += run->text("stability", "outcome") != "not_trained";
        row.stable += isStable(*run);
    }
    for (const MetricName& metric : judgedBy.headlines())
        row.figures.push_back(
            {metric, over(runs, [&](const ReportedRun& run) { return finalAccuracy(run, metric.label); })});
    row.fp32 = over(runs, [](const ReportedRun& run) { return run.score(series::kFp32); }).mean;
    row.ptq = over(runs, [](const ReportedRun& run) { return run.score(series::kPtq); }).mean;
    row.loss = over(runs, lastLoss);
    row.oscillatingShare =
        over(runs, [](const ReportedRun& run) { return run.events.value(series::kOscillating); }).mean;
    row.seconds =
        over(runs, [](const ReportedRun& run) { return std::optional(run.events.seconds()); }).mean.value_or(0);
    return row;
}

std::string percent(const std::optional<double>& share) {
    return share ? fixed(100 * *share, 1) + " %" : "-";
}

ordered_json orNull(const std::optional<double>& value) {
    return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json spreadJson(const Spread& spread) {
    return {{"mean", orNull(spread.mean)}, {"deviation", orNull(spread.deviation)}};
}

std::string withDeviation(const Spread& spread, int decimals) {
    return fixed(spread.mean, decimals) + (spread.deviation ? " ± " + fixed(spread.deviation, decimals) : "");
}

std::string markdown(const TextTable& table) {
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

ordered_json rowJson(const MethodRow& row) {
    ordered_json json{{"variant", row.variant},
                      {"quantization", row.quantization},
                      {"calibration", row.calibration},
                      {"method", row.method},
                      {"n", row.runs.size()},
                      {"unfinished", row.unfinished},
                      {"trained", row.trained},
                      {"stable", row.stable},
                      {"seeds", row.seeds}};
    for (const RowFigure& figure : row.figures) json[figure.metric.label] = spreadJson(figure.spread);
    json.update({{"fp32", orNull(row.fp32)},
                 {"ptq", orNull(row.ptq)},
                 {"loss", spreadJson(row.loss)},
                 {"oscillating_share", orNull(row.oscillatingShare)},
                 {"seconds", row.seconds},
                 {"runs", row.runs}});
    return json;
}

// The metrics of all rows, each once.
std::vector<MetricName> columnsOf(const std::vector<MethodRow>& rows) {
    std::vector<MetricName> columns;
    for (const MethodRow& row : rows)
        for (const RowFigure& figure : row.figures)
            if (std::ranges::find(columns, figure.metric.label, &MetricName::label) == columns.end())
                columns.push_back(figure.metric);
    return columns;
}

// Of the metric that counts with its deviation; "-" where the row is not judged by it.
std::string figureCell(const MethodRow& row, const MetricName& column) {
    for (const auto& [metric, spread] : row.figures)
        if (metric.label == column.label)
            return metric.primary ? withDeviation(spread, metric.decimals) : fixed(spread.mean, metric.decimals);
    return "-";
}

}  // namespace

std::optional<double> finalAccuracy(const ReportedRun& run, std::string_view label) {
    const auto final = run.number("metrics", series::kFinal, label);
    return final ? final : run.number("metrics", series::kPtq, label);
}

std::optional<double> finalScore(const ReportedRun& run) {
    return finalAccuracy(run, run.events.metrics.primary().label);
}

std::string scoreName(const std::vector<MethodRow>& rows) {
    std::vector<std::string> names;
    for (const MethodRow& row : rows)
        if (std::ranges::find(names, row.primary().metric.label) == names.end())
            names.push_back(row.primary().metric.label);
    return joinedWords(names, " or ");
}

bool isStable(const ReportedRun& run) {
    const std::string outcome = run.text("stability", "outcome");
    return run.text("status") == run_status::kSuccess && (outcome == "stable" || outcome == "recovered");
}

std::vector<ReportedRun> readGroup(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> found;
    std::error_code missing, error;
    if (std::filesystem::is_directory(folder, missing))
        for (auto entry = std::filesystem::directory_iterator(folder, error);
             !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
            if (hasSummary(entry->path())) found.push_back(entry->path());
    require(!error &&
                (!missing || missing == std::errc::no_such_file_or_directory || missing == std::errc::not_a_directory),
            ErrorKind::Io, "cannot read ", folder.string(), ": ", (error ? error : missing).message());
    std::ranges::sort(found);
    std::vector<ReportedRun> runs;
    for (const auto& path : found) runs.push_back(readRun(path));
    return runs;
}

std::vector<MethodRow> methodRows(const std::vector<ReportedRun>& runs) {
    using Key = std::tuple<std::string, std::string, std::string, size_t, std::string>;
    std::map<Key, std::vector<const ReportedRun*>> groups;
    for (const ReportedRun& run : runs) {
        const MethodRow row = emptyRow(run);
        const size_t parts =
            row.method == "baseline" ? 0 : 1 + static_cast<size_t>(std::ranges::count(row.method, '+'));
        groups[{row.variant, row.quantization, row.calibration, parts, row.method}].push_back(&run);
    }
    std::vector<MethodRow> rows;
    for (const auto& [key, members] : groups) rows.push_back(rowOf(members));
    return rows;
}

TextTable methodTable(const std::vector<MethodRow>& rows) {
    const std::vector<MetricName> columns = columnsOf(rows);
    TextTable table{{"Model", "Bits", "Calibration", "Method", "Runs", "Stable"}};
    for (const MetricName& column : columns) table.front().push_back(column.label);
    for (const char* title : {"PTQ", "FP32", "Loss", "Oscillating", "Time a run"}) table.front().emplace_back(title);
    for (const MethodRow& row : rows) {
        const std::string unfinished = row.unfinished ? " (" + std::to_string(row.unfinished) + " unfinished)" : "";
        table.push_back({row.variant, row.quantization, row.calibration, row.method,
                         std::to_string(row.runs.size()) + unfinished,
                         row.trained > 0 ? std::to_string(row.stable) : "-"});
        for (const MetricName& column : columns) table.back().push_back(figureCell(row, column));
        const int decimals = row.primary().metric.decimals;
        for (const std::string& text : {fixed(row.ptq, decimals), fixed(row.fp32, decimals), withDeviation(row.loss, 4),
                                        percent(row.oscillatingShare), fixed(row.seconds, 0) + " s"})
            table.back().push_back(text);
    }
    return table;
}

TextTable calibrationTable(const std::vector<MethodRow>& rows) {
    std::set<std::string> calibrations;
    std::map<std::tuple<std::string, std::string, std::string>, std::map<std::string, const MethodRow*>> lines;
    for (const MethodRow& row : rows) {
        calibrations.insert(row.calibration);
        lines[{row.variant, row.quantization, row.method}][row.calibration] = &row;
    }
    if (calibrations.size() < 2) return {};
    TextTable table{{"Model", "Bits", "Method", "FP32"}};
    table.front().insert(table.front().end(), calibrations.begin(), calibrations.end());
    for (const auto& [key, cells] : lines) {
        const auto& [variant, quantization, method] = key;
        const int decimals = cells.begin()->second->primary().metric.decimals;
        table.push_back({variant, quantization, method, fixed(cells.begin()->second->fp32, decimals)});
        for (const std::string& calibration : calibrations) {
            const auto cell = cells.find(calibration);
            table.back().push_back(cell == cells.end() ? "-" : fixed(cell->second->primary().spread.mean, decimals));
        }
    }
    return table;
}

std::string rowLabel(const MethodRow& row, const std::vector<MethodRow>& rows) {
    std::string label;
    for (const auto part : {&MethodRow::variant, &MethodRow::quantization, &MethodRow::calibration, &MethodRow::method})
        if (std::ranges::any_of(rows, [&](const MethodRow& other) { return other.*part != row.*part; }))
            label += (label.empty() ? "" : " ") + row.*part;
    return label.empty() ? row.variant + " " + row.method : label;
}

std::string groupMarkdown(const std::vector<MethodRow>& rows) {
    const TextTable accuracies = calibrationTable(rows);
    return markdown(methodTable(rows)) +
           (accuracies.empty() ? "" : "\n" + scoreName(rows) + " by calibration\n\n" + markdown(accuracies));
}

void writeMethodTable(const std::filesystem::path& folder, const std::vector<MethodRow>& rows) {
    ordered_json list = ordered_json::array();
    for (const MethodRow& row : rows) list.push_back(rowJson(row));
    writeFileAtomic(folder / "methods.json",
                    jsonText(ordered_json{{"schema_version", "1.1"}, {"rows", list}}, 2) + "\n");
    writeFileAtomic(folder / "methods.md", groupMarkdown(rows));
}

}  // namespace qat
