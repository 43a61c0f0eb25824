// A model as a file for other programs, in one way: what a run writes at its end, `export RUN` and the window write the
// same bytes, and check them alike.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "base/cancel.h"
#include "config/config.h"
#include "data/dataset.h"
#include "graph/graph.h"
#include "session/export_run.h"

namespace qat {

// The graph that is written: a copy with batch norms folded and shapes known for one image of imgsz x imgsz.
Graph exportForm(const Graph& model, int imgsz);

// folder/model.onnx with the options of section `export`. form: of exportForm(). Throws Error{Unsupported} for what the
// format cannot hold, Error{Io}.
ExportedFile writeOnnxFile(const Graph& form, const ExportConfig& how, const std::filesystem::path& folder);

// Runs the file on the first validation images (eight at most, as many as data.val_limit allows) beside `form`, which
// it was written from; where both compute on integers, the codes of every quantized tensor too. reference: the same
// network in float. Never throws because of what the runtime does or lacks; throws Error{Cancelled}, and what reading a
// picture throws.
FileCheck checkOnnxFile(const std::filesystem::path& file, const Graph& form, const Graph& reference,
                        const std::shared_ptr<const Dataset>& validation, const Config& config,
                        const CancelToken& cancel);

}  // namespace qat
