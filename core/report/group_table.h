// Runs of one folder side by side: a row for each model, quantization and method, averaged over seeds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "report/run_record.h"

namespace qat {

// Mean, and sample standard deviation where there are two or more.
struct Spread {
    std::optional<double> mean, deviation;
};

struct MethodRow {
    std::string variant, quantization, method;  // yolov8n, w4a16, ema+qc
    std::vector<int64_t> seeds;                 // of the finished runs, ascending
    std::vector<std::string> runs;              // their folders, relative to the group
    int64_t unfinished = 0;                     // failed or incomplete runs, which no figure counts
    int64_t stable = 0;                         // runs that trained, learned, and did not collapse
    Spread map, map50;                          // of the final models
    std::optional<double> fp32, ptq;            // mAP50-95, means
    std::optional<double> oscillatingShare;     // of low-bit weights in the last epoch, mean
    double seconds = 0;                         // a run, mean
};

// Whether a run counts as stable for a gate: outcome `stable` or `recovered`.
bool isStable(const RunRecord& run);

// Folders below the group that hold a summary, by name.
std::vector<RunRecord> readGroup(const std::filesystem::path& folder);

// Rows in the order variant, quantization, method (those with fewer parts first).
std::vector<MethodRow> methodRows(const std::vector<RunRecord>& runs);

// The table's cells, the head first.
std::vector<std::vector<std::string>> methodTable(const std::vector<MethodRow>& rows);
std::string methodTableMarkdown(const std::vector<MethodRow>& rows);

// methods.md and methods.json in the group's folder.
void writeMethodTable(const std::filesystem::path& folder, const std::vector<MethodRow>& rows);

}  // namespace qat
