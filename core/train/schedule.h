// Learning rate, momentum and gradient accumulation over a training run, as pure functions of the step.
#pragma once

#include <cstdint>

#include "config/config.h"

namespace qat {

// Factor of the base learning rate in epoch x of E, the epochs or lr_period (Ultralytics' shapes): cosine ((1 - cos(pi
// x / E)) / 2) (lrf - 1) + 1, linear max(1 - x / E, 0) (1 - lrf) + lrf, step 1, then 0.1 from 60 % and 0.01 from 85 %
// of the epochs.
double epochFactor(const TrainConfig& config, int64_t epoch);

struct StepSettings {
    double lrBias, lrWeight, lrNorm, lrQuant;
    double momentum;
    int64_t accumulate;  // batches an optimiser step gathers
};

// Settings for batch `step` (counted over the whole run). Warm-up lasts max(warmup_epochs x batchesPerEpoch, 100)
// batches, but never more than half the run: biases fall from 0.1 (SGD and MuSGD; from 10 lr if that is less) or
// rise from 0 (Adam), all else rises from 0, momentum from 0.8.
StepSettings settingsAt(const TrainConfig& config, int64_t step, int64_t batchesPerEpoch);

// Cosine from `from` to `to` while `progress` (0 to 1) goes from begin to end, constant outside (Nagel et al. 2022):
// to + (from - to) (1 + cos(pi x)) / 2, x = (progress - begin) / (end - begin).
double annealed(double from, double to, double begin, double end, double progress);

// Settings of fine-tuning after the last epoch: the rate at which the schedule ends (lr x lrf; step: lr x 0.01), none
// for quantizers.
StepSettings fineTuningSettings(const TrainConfig& config, int64_t batchesPerEpoch);

// The same with every learning rate times `factor`.
StepSettings slowed(StepSettings settings, double factor);

}  // namespace qat
