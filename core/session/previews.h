// Validation images seen through two models, for the comparison view.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/events.h"
#include "data/dataset.h"
#include "session/run_folder.h"
#include "task/task.h"

namespace qat {

// One row an image of `fp32`, with what `quantized` finds in the same image. Pictures that are no file of their own
// (drawn ones) are written to previews/. Images that differ most, which the task says, come first; at most `count`.
std::vector<ImageRow> previewRows(const Task& task, const RunFolder& folder, const Dataset& data,
                                  const std::vector<ImageDetections>& fp32,
                                  const std::vector<ImageDetections>& quantized, const std::string& stage, int count);

}  // namespace qat
