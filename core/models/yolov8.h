// YOLOv8 by its letter: what a configuration begins with.
#pragma once

#include <string_view>

#include "models/family.h"

namespace qat {

// variant: n, s, m, l or x; outputs and starting weights as of buildDetector(). Throws Error{BadInput} for another.
inline Graph buildYolov8(std::string_view variant, int64_t numClasses, Random& random) {
    return buildMember({&familyNamed(kYolov8.name), {std::string(variant), numClasses}}, &random);
}

// The same without tensors but for constants and the weight of the expectation: for the weights of a file
// (loadWeights).
inline Graph buildYolov8(std::string_view variant, int64_t numClasses) {
    return buildMember({&familyNamed(kYolov8.name), {std::string(variant), numClasses}}, nullptr);
}

}  // namespace qat
