// Where a training stands.
#pragma once

#include <cstdint>

#include "train/outcome.h"

namespace qat {

// The next batch is `batch` of epoch `epoch` (0-based).
struct TrainPosition {
    int64_t epoch = 0, batch = 0;
    int64_t step = 0;      // batches so far
    LossTerms lossSums{};  // of this epoch's batches
    double bestFitness = -1;
    TrainOutcome outcome;
    double distillSum = 0;  // of this epoch's distillation losses
    bool tuning = false;    // the epochs of training are over, those of fine-tuning have begun
    int64_t tuned = 0;      // fine-tuning epochs done
    int64_t planned = 0;    // epochs of the schedule so far; 0: of a file that does not say
};

}  // namespace qat
