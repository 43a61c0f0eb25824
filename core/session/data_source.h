// The splits of a data set as a configuration wants them.
#pragma once

#include <memory>
#include <string>

#include "config/config.h"
#include "data/dataset.h"

namespace qat {

// Refuses what goes with boxes only where labels are classes. Throws Error{BadInput} naming the key.
void requireForm(const DataConfig& config, LabelKind kind);

// kind: what the task asks for (Task::labels). Throws Error{BadInput} like openDataset and requireForm, strictly if
// data.strict says so, and for a class the data does not have, naming the key.
std::shared_ptr<const Dataset> openSplit(const DataConfig& config, const std::string& split, LabelKind kind);

}  // namespace qat
