// A run folder without a run.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace qat::test {

struct MadeRun {
    std::string variant = "yolov8n", mode = "w4a16", method = "ema", outcome = "stable", status = "completed-success",
                seed = "0", calibration = "mse";
    double map = 0.5, oscillation = 0.1, seconds = 10;
};

nlohmann::json madeSummary(const MadeRun& made);
// Summary and events. The folder is made.
void writeMadeRun(const std::filesystem::path& folder, const MadeRun& made);

}  // namespace qat::test
