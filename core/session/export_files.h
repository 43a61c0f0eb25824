// Models as files for other programs, in one way: what a run writes at its end, `export RUN` and the window write the
// same bytes, and check them alike.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "config/config.h"
#include "data/dataset.h"
#include "export/exporter.h"
#include "graph/graph.h"
#include "session/export_run.h"

namespace qat {

struct ExportTask {
    const Graph& model;
    const Config& config;  // data.imgsz, and the options of section `export`
    std::vector<const Exporter*> exporters;
    std::filesystem::path folder;
    // What a runtime makes of a file; asked where the format has one. prepared: what the file was written from.
    std::function<FileCheck(const ExportedFile& file, const Graph& prepared)> check;
    std::function<void(const ExportedFile& file)> written;  // of each file, after its check
    std::function<void(const PassResults& results)> prepared = [](const PassResults&) {};
};

// Writes all files, in the order of the exporters, when every exporter has said that it can. Throws Error: Unsupported
// (something that a format cannot hold, before anything is written), Io, Cancelled, and what `check` throws.
std::vector<ExportedFile> exportFiles(const ExportTask& task, const CancelToken& cancel);

// Runs an ONNX file on the first validation images (eight at most, as many as data.val_limit allows) beside `form`,
// which it was written from; where both compute on integers, the codes of every quantized tensor too. reference: the
// same network in float. Never throws because of what the runtime does or lacks; throws Error{Cancelled}, and what
// reading a picture throws.
FileCheck checkOnnxFile(const std::filesystem::path& file, const Graph& form, const Graph& reference,
                        const std::shared_ptr<const Dataset>& validation, const Config& config,
                        const CancelToken& cancel);

}  // namespace qat
