// Table, scatter, curves of the accuracies, links.
#include "report/group_report.h"

#include <map>

#include "base/error.h"
#include "base/files.h"
#include "report/group_table.h"
#include "report/html_page.h"
#include "report/run_report.h"
#include "report/svg_chart.h"
#include "runs/folder.h"

namespace qat {
namespace {

using Values = std::vector<double>;

// A row's runs, one value each where there is one.
Values valuesOf(const MethodRow& row, const std::map<std::string, const ReportedRun*>& byName,
                std::optional<double> (*get)(const ReportedRun&)) {
    Values values;
    for (const std::string& name : row.runs)
        if (const auto value = get(*byName.at(name))) values.push_back(*value);
    return values;
}

// Mean accuracy of a row's runs by epoch, over the epochs that all of them have.
ChartLine meanCurve(const MethodRow& row, const std::string& label,
                    const std::map<std::string, const ReportedRun*>& byName) {
    std::map<double, Values> byEpoch;
    for (const std::string& name : row.runs) {
        const RunSeries* scores = byName.at(name)->events.scores();
        if (!scores) continue;
        for (const auto& [epoch, value] : scores->curve()) byEpoch[epoch].push_back(value);
    }
    ChartLine line{label, {}};
    for (const auto& [epoch, values] : byEpoch) {
        if (values.size() != row.runs.size()) continue;
        double sum = 0;
        for (const double value : values) sum += value;
        line.points.emplace_back(epoch, sum / static_cast<double>(values.size()));
    }
    return line;
}

}  // namespace

std::string groupReport(const std::string& title, const std::vector<ReportedRun>& runs) {
    std::map<std::string, const ReportedRun*> byName;
    for (const ReportedRun& run : runs) byName[run.folder.filename().string()] = &run;
    const std::vector<MethodRow> rows = methodRows(runs);
    HtmlPage page("Methods: " + title);
    page.table(methodTable(rows));
    if (const TextTable accuracies = calibrationTable(rows); !accuracies.empty()) {
        page.heading(scoreName(rows) + " by calibration");
        page.table(accuracies);
    }
    page.paragraph(
        "Means over the finished runs of a row; after ± the deviation of the sample. The loss is that of the labels "
        "in the last epoch. Stable runs trained, learned, and "
        "did not collapse.",
        "note");
    std::vector<std::pair<std::string, Values>> accuracy, restless;
    LineChart curves{"Accuracy by epoch", "epoch", {}, {}};
    for (const MethodRow& row : rows) {
        const std::string name = rowLabel(row, rows);
        accuracy.emplace_back(name, valuesOf(row, byName, finalScore));
        restless.emplace_back(
            name, valuesOf(row, byName, [](const ReportedRun& run) { return run.events.value(series::kOscillating); }));
        curves.lines.push_back(meanCurve(row, name, byName));
    }
    const std::string score = scoreName(rows);
    page.figure(score + " of every run, the mean as a line", dotChart(score + " of every run", accuracy));
    page.figure("Share of oscillating low-bit weights at the end", dotChart("Share of oscillating weights", restless));
    page.figure(score + " by epoch, before any correction, means (the first six rows)", lineChart(curves));
    page.heading("Runs");
    for (const auto& [name, run] : byName)
        page.link(name + "/" + run_files::kReport, name + ": " + run->text("status"));
    return page.finish();
}

std::filesystem::path writeGroupReport(const std::filesystem::path& folder) {
    const std::vector<ReportedRun> runs = readGroup(folder);
    require(!runs.empty(), ErrorKind::BadInput, folder.string(), " is neither a run folder nor a folder of runs");
    for (const ReportedRun& run : runs) writeFileAtomic(RunFolder{run.folder}.report(), runReport(run));
    const auto file = RunFolder{folder}.report();
    writeFileAtomic(file, groupReport(std::filesystem::absolute(folder).lexically_normal().filename().string(), runs));
    return file;
}

}  // namespace qat
