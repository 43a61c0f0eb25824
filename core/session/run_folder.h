// The files of a run folder, by name, and the rules for entering one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/config.h"
#include "session/session.h"
#include "train/trainer.h"

namespace qat {

struct RunFolder {
    std::filesystem::path root;

    std::filesystem::path config() const { return root / "config.yaml"; }
    std::filesystem::path userConfig() const { return root / "user_config.yaml"; }
    std::filesystem::path results() const { return root / "results.csv"; }
    std::filesystem::path summary() const { return root / "run_summary.json"; }
    std::filesystem::path layers() const { return root / "layers.json"; }
    std::filesystem::path calibration() const { return root / "calibration.json"; }
    std::filesystem::path weights() const { return root / "weights"; }
    std::filesystem::path checkpoint() const { return root / "checkpoint"; }
    std::filesystem::path previews() const { return root / "previews"; }
    std::filesystem::path exports() const { return root / "exports"; }
};

// Makes the folder, or checks that it is this job's when resuming. A folder that already holds a run is refused unless
// resuming; resuming a folder with another configuration is refused, and nothing is overwritten. Throws Error.
RunFolder enterRunFolder(const JobRequest& request, const Config& config);

// Whether a folder may go on with this configuration; only what changes no bit may differ. Throws Error{BadInput} if not.
void requireSameRun(const RunFolder& folder, const Config& config);

// results.csv in Ultralytics' columns and format (fields of 23 characters, %.5g), all epochs so far, atomically. Behind
// them the distillation loss, if there was a teacher.
void writeResults(const std::filesystem::path& file, const std::vector<EpochResult>& epochs);

}  // namespace qat
