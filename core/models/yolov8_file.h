// Telling a YOLOv8 detector by the tensors of a file.
#pragma once

#include "models/family.h"

namespace qat {

// By the first layer and the class branch of the head: the five sizes differ in the first layer's channels.
Recognition recogniseYolov8(const NamedTensors& tensors);

}  // namespace qat
