// The rules for entering a run folder, and its table of epochs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/config.h"
#include "runs/folder.h"
#include "session/session.h"
#include "train/outcome.h"

namespace qat {

// A folder that already holds a run is refused unless resuming; resuming a folder with another configuration is
// refused. Changes nothing. Throws Error{BadInput}.
void checkRunFolder(const JobRequest& request, const Config& config);

// Checks once more, makes what a run folder holds and clears away what a killed job left half written: only for who
// holds the folder's lock (run_lock.h). Sub-folders may be links, but not another user's. Where the configuration
// differs in what may differ, the folder's becomes the given one. Throws Error.
RunFolder enterRunFolder(const JobRequest& request, const Config& config);

// Whether a folder may go on with this configuration: it may differ in mayChangeOnResume() (config/resumable.h). Epochs
// may not be fewer than have begun, and not other ones once fine-tuning has begun or the sentinel stopped training.
// Throws Error{BadInput} with the keys that differ, their old and their new values.
void requireSameRun(const RunFolder& folder, const Config& config);

// Whether a finished run would go on with this configuration: with more epochs, or with other exports.
bool hasMoreToDo(const RunFolder& folder, const Config& config);

// results.csv in Ultralytics' columns and format (fields of 23 characters, %.5g), all epochs so far, atomically. After
// them the distillation loss, if there was a teacher.
void writeResults(const std::filesystem::path& file, const std::vector<EpochResult>& epochs);

}  // namespace qat
