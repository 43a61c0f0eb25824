// What passes did to a graph of a job, and how long they took, in its events.
#pragma once

#include "passes/pipeline.h"
#include "session/stages/job_state.h"

namespace qat {

// One line a pass, at debug level.
void logPasses(JobState& job, const PassResults& results);

}  // namespace qat
