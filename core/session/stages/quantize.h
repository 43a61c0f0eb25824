// Quantizers in the model, and what is told of it.
#pragma once

#include "session/stages/job_state.h"

namespace qat {

// Resolves the plan, puts its quantizers into job.model, and warns of what a runtime of the exports would refuse:
// before hours of training, not after. Throws Error{BadInput} if everything stays in float.
void insertQuantizers(JobState& job);

// layers.json, by the plan.
void describeModel(JobState& job);

}  // namespace qat
