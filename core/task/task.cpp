// The tasks there are.
#include "task/task.h"

#include "base/error.h"
#include "task/detect_task.h"

namespace qat {

const Task& taskOf(const ModelInfo& model) {
    static const DetectTask detection;
    require(!model.strides.empty(), ErrorKind::Unsupported, "nothing is known that ", model.architecture,
            " is for: only detectors can be measured and trained");
    return detection;
}

}  // namespace qat
