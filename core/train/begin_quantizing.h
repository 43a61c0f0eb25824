// From epochs in float to quantized ones.
#pragma once

#include "train/trainer.h"

namespace qat {

// Calibrates the quantizers of the job anew on its training images, as they are without augmentation, because the
// weights have moved since: `plain` is the graph without quantizers. Learned scales of weights start again. The
// quantizers of `average`, if there is one, become those of the graph. Throws Error{Cancelled} on request, which leaves
// them half done.
void beginQuantizing(const TrainJob& job, const Graph& plain, Graph* average, const CancelToken& cancel);

}  // namespace qat
