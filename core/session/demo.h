// The demo: FP32, PTQ at 8 bits, PTQ at 4 bits and QAT at 4 bits of a bundled detector, side by side.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "session/session.h"

namespace qat {

struct DemoRow {
    std::string name;  // FP32, PTQ W8A8, PTQ W4A4, QAT W4A4
    Metrics metrics;
    int64_t bytes = 0;
};

struct DemoOutcome {
    JobStatus status = JobStatus::Completed;
    std::vector<DemoRow> rows;
    int64_t images = 0;  // validation images behind every figure
    double seconds = 0;
    std::filesystem::path runFolder;  // of the 4-bit run, which has every view's content
};

// Two runs below `folder` (w8a8 and w4a4; numbered on if they exist) of a bundled model (session/bundled.h). Throws
// Error{BadInput} naming those there are for another name, and like runPipeline.
DemoOutcome runDemo(const std::string& model, const std::filesystem::path& folder, EventSink& sink,
                    CancelToken& cancel);

}  // namespace qat
