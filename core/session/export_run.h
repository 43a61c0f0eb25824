// Writing the model of a finished run (or a checkpoint) in the formats that other programs load.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/events.h"
#include "config/job_config.h"
#include "session/file_check.h"

namespace qat {

struct ExportRequest {
    std::filesystem::path source;          // a run folder, or a model file
    std::filesystem::path out;             // folder for the written files; made if missing
    std::vector<std::string> formats;      // keys of config/export_formats.h; empty: onnx
    std::optional<ExportOutput> output{};  // what files give; none: as the run says
    std::string head = "auto";             // of two: auto (as the run says), one2one, one2many
    bool hardTanh = false;                 // also where the run's export.hard_tanh is false
};

// One written file and what the format could not express exactly.
struct ExportedFile {
    std::string format;
    std::filesystem::path path;
    int64_t bytes = 0;
    std::vector<std::string> notes;  // one sentence each
    FileCheck check{};
    std::string contents{};  // what it holds, for people; may be empty
};

// Writes every requested format and returns the files in the order of the request: of a run with the options of its
// section `export`, so that a file is byte for byte what the run itself wrote, and is checked on its validation images
// as the run checks (unless export.validate is false). Blocks; progress also goes to `sink`. Throws Error: BadInput
// (not a run or model, no such head), Unsupported (unknown format, an output that the model does not have, a node that
// a format cannot hold: then nothing is written), Io, Cancelled. Files already written stay. What an outside runtime
// makes of a file never throws: it is in ExportedFile::check.
std::vector<ExportedFile> exportModel(const ExportRequest& request, EventSink& sink, const CancelToken& cancel);

}  // namespace qat
