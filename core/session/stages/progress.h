// What earlier sittings of a job have finished: checkpoint/stages.json with their results, the calibrated model and the
// repaired one beside it, so that a resumed sitting goes on with the rest.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "session/stages/job_state.h"

namespace qat {

// A stage, or a part of one, has come to its end. keepsModel: it changed the model.
void finish(JobState& job, std::string_view name, bool keepsModel);

// Of a resumed job, after insertQuantizers(). Throws Error{BadInput} naming a damaged file.
void restoreProgress(JobState& job);

// State of the unfinished sweep of this name.
std::filesystem::path sweepFile(const JobState& job, std::string_view name);

// What a file of the checkpoint must have been made for: the job as a whole.
std::string checkpointIdentity(const JobState& job);

}  // namespace qat
