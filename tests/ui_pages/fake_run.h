// Writes a run folder that looks like a real one, whole or cut off where a test wants it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
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

// Appends single events to a folder's events.jsonl, for tests that watch a run grow.
class FakeEvents {
public:
    explicit FakeEvents(const std::filesystem::path& folder);
    void add(nlohmann::json event, double t);
    void raw(const std::string& bytes);  // as it is, no line end added

private:
    std::ofstream m_file;
};

}  // namespace qat::test
