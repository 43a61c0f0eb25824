// Writes a run folder that looks like a real one, whole or cut off where a test wants it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace qat::test {

struct FakeRunOptions {
    int epochs = 12;
    int epochsDone = 12;  // fewer: the run is still training
    int stepsPerEpoch = 60;
    int images = 24;  // 0 = no pictures
    bool sensitivity = true, oscillation = true, errors = true;
    bool ended = true;
    bool remedies = false;     // averaged and raw model, dampening and freezing
    bool collapses = false;    // accuracy falls below half of its best
    std::string failure = {};  // not empty: ends with this error
    uint64_t seed = 7;
};

// Makes the folder if missing; same options, same bytes except for the start time.
void writeFakeRun(const std::filesystem::path& folder, const FakeRunOptions& options = {});

}  // namespace qat::test
