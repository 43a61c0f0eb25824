// Binary cross entropy of class logits, for all anchors at once.
#pragma once

#include <cstdint>

namespace qat {

// Sum over `rows` x `classes` logits x of the binary cross entropy against target 0, that is log(1 + e^x); the logits
// of a row lie together, rows are `step` floats apart. Where `gradient` (same layout) is not null it receives
// scale x sigmoid(x). A target t elsewhere than 0 adds -x t to the sum and -scale t to the gradient. `weights`, one a
// class, multiply all of that where they are not null.
double backgroundLoss(const float* logits, int64_t rows, int64_t classes, int64_t step, float scale,
                      const float* weights, float* gradient);

}  // namespace qat
