// calibration.json of a run folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "quant/calibrate.h"

namespace qat {

// What the images were; empty method: drawn at random.
struct CalibrationImages {
    std::string coresetMethod;
    int64_t candidates = 0;          // images of the training data
    std::vector<std::string> paths;  // of the coreset, in the order of their choice
};

// Replaces the file as a whole. Throws Error{Io}.
void writeCalibration(const std::filesystem::path& file, const CalibrationResult& result, const CalibrationImages& images);

}  // namespace qat
