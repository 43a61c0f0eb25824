// calibration.json of a run folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "quant/calibrate.h"
#include "quant/coreset.h"

namespace qat {

// What the images were; empty method: drawn at random.
struct CalibrationImages {
    std::string coresetMethod;
    int64_t candidates = 0;          // images of the training data
    std::vector<std::string> paths;  // of the coreset, in the order of their choice
    std::vector<Coverage> coverage;  // of its first images; empty if it was drawn
};

// A calibration image that is a validation image too.
struct Leak {
    std::string calibration, validation;  // paths
    bool sameFile = false;                // else only the same pixels
};

// The warning about `leaks` among `images` calibration images; it names the first ones.
std::string leakSentence(const std::vector<Leak>& leaks, int64_t images);

// Replaces the file as a whole. Throws Error{Io}.
void writeCalibration(const std::filesystem::path& file, const CalibrationResult& result,
                      const CalibrationImages& images, const std::vector<Leak>& leaks);

}  // namespace qat
