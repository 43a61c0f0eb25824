// Runs of one folder side by side: a row for each model, quantization, calibration and method, averaged over seeds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/reported_run.h"

namespace qat {

// Mean, and sample standard deviation where there are two or more.
struct Spread {
    std::optional<double> mean, deviation;
};

// A metric over the runs of a row.
struct RowFigure {
    MetricName metric;
    Spread spread;
};

struct MethodRow {
    std::string variant, quantization, calibration, method;  // yolov8n, w4a16, mse, ema+qc
    std::vector<int64_t> seeds;                              // of the finished runs, ascending
    std::vector<std::string> runs;                           // their folders, relative to the group
    int64_t unfinished = 0;                                  // failed or incomplete runs, which no figure counts
    int64_t trained = 0;                                     // runs with any training; of these
    int64_t stable = 0;                                      // runs that learned and did not collapse
    std::vector<RowFigure> figures;                          // of the final models, the primary metric first
    std::optional<double> fp32, ptq;                         // means of the primary metric
    Spread loss;                                             // of the labels, box + class + dfl, mean of the last epoch
    std::optional<double> oscillatingShare;                  // of low-bit weights in the last epoch, mean
    double seconds = 0;                                      // a run, mean

    const RowFigure& primary() const { return figures.front(); }
};

// Whether a run counts as stable for a gate: outcome `stable` or `recovered`.
bool isStable(const ReportedRun& run);

// metrics.final, or metrics.ptq of a run without training; label: of a metric.
std::optional<double> finalAccuracy(const ReportedRun& run, std::string_view label);
// The same of the primary metric.
std::optional<double> finalScore(const ReportedRun& run);
// What the primary metrics of the rows are called: mAP50-95, or several names in their order.
std::string scoreName(const std::vector<MethodRow>& rows);

// Folders below the group that hold a summary, by name.
std::vector<ReportedRun> readGroup(const std::filesystem::path& folder);

// Rows in the order variant, quantization, calibration, method (those with fewer parts first).
std::vector<MethodRow> methodRows(const std::vector<ReportedRun>& runs);

// Cells, the head first.
using TextTable = std::vector<std::vector<std::string>>;

// All that is known of the rows.
TextTable methodTable(const std::vector<MethodRow>& rows);

// Means of the primary metric with a column for each calibration; empty where all rows have the same one.
TextTable calibrationTable(const std::vector<MethodRow>& rows);

// What distinguishes a row from the others, for a legend.
std::string rowLabel(const MethodRow& row, const std::vector<MethodRow>& rows);

// Both tables.
std::string groupMarkdown(const std::vector<MethodRow>& rows);

// methods.md and methods.json in the group's folder.
void writeMethodTable(const std::filesystem::path& folder, const std::vector<MethodRow>& rows);

}  // namespace qat
