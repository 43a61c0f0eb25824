// A little of everything a detector has, quantized at the given widths; 0 bits: not quantized.
#pragma once

#include "export/sketch.h"

namespace qat::test {

// Input [1, 3, 32, 32]. Outputs features, raw and boxes.
Graph detector(int64_t weightBits, int64_t bits, ActivationKind activation);

}  // namespace qat::test
