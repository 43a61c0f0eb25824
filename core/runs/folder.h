// The files of a run folder, by name.
#pragma once

#include <filesystem>

#include "runs/words.h"

namespace qat {

struct RunFolder {
    std::filesystem::path root;

    std::filesystem::path config() const { return root / run_files::kConfig; }
    std::filesystem::path userConfig() const { return root / run_files::kUserConfig; }
    std::filesystem::path table() const { return root / run_files::kTable; }
    std::filesystem::path events() const { return root / run_files::kEvents; }
    std::filesystem::path results() const { return root / run_files::kResults; }
    std::filesystem::path summary() const { return root / run_files::kSummary; }
    std::filesystem::path layers() const { return root / run_files::kLayers; }
    std::filesystem::path calibration() const { return root / run_files::kCalibration; }
    std::filesystem::path report() const { return root / run_files::kReport; }
    std::filesystem::path weights() const { return root / run_files::kWeights; }
    std::filesystem::path checkpoint() const { return root / run_files::kCheckpoint; }
    std::filesystem::path previews() const { return root / run_files::kPreviews; }
    std::filesystem::path exports() const { return root / run_files::kExports; }
    std::filesystem::path tensorboard() const { return root / run_files::kTensorboard; }
};

}  // namespace qat
