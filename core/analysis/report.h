// layer-sensitivity-report.json and .md: the sweep as files that other tools and people read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/layer_error.h"
#include "analysis/sensitivity.h"

namespace qat {

struct ReportHeader {
    std::string model;         // yolov8n
    std::string scheme;        // w4a4, per channel weights
    std::string granularity;   // per_channel or per_layer
    std::string method;        // how the sensitivity was measured, one sentence
    int64_t images = 0;        // of the sweep
    double effectiveBits = 0;  // weight bits over weight count of the plan
    double seconds = 0;        // the sweep took
};

// Writes both files into the folder, atomically. The rows are sorted by sensitivity, most sensitive first. Throws
// Error{Io}.
void writeSensitivityReport(const std::filesystem::path& folder, const ReportHeader& header,
                            const std::vector<LayerSensitivity>& rows, const std::vector<LayerError>& errors,
                            const Graph& graph);

}  // namespace qat
