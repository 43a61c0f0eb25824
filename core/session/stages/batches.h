// Images of a job as batches.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "data/loader.h"
#include "session/calibration_report.h"
#include "session/image_feed.h"
#include "session/stages/job_state.h"

namespace at {
class Tensor;
}

namespace qat {

// The first `count` images of the data, or as many drawn ones, as feedImages() gives them, each batch
// [N, 3, imgsz, imgsz].
std::function<at::Tensor()> imageBatches(const JobState& job, const std::shared_ptr<const Dataset>& data, int64_t count,
                                         int batch, bool shuffle, std::vector<int64_t>* taken = nullptr);

Loader validationLoader(const JobState& job);

// The coreset of `wanted` training images, and what is said about it; progress of `progressTotal` is that of `stage`.
std::shared_ptr<const Dataset> coresetOf(JobState& job, int64_t wanted, int64_t progressTotal, std::string_view stage,
                                         CalibrationImages& said);

}  // namespace qat
