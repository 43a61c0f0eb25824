// What a training has come to, epoch by epoch.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "loss/loss_terms.h"
#include "task/metrics.h"
#include "train/incident.h"

namespace qat {

// One line of results.csv.
struct EpochResult {
    int64_t epoch = 0;                            // 1-based
    LossTerms losses{};                           // means over the epoch's batches
    Metrics metrics{};                            // of the averaged model if there is one
    double lrBias = 0, lrWeight = 0, lrNorm = 0;  // at the end of the epoch
    std::optional<double> distillLoss{};          // mean over the epoch's batches, if there is a teacher
    std::optional<Metrics> raw{};                 // of the model behind the average, if both are evaluated
    bool easier =
        false;  // in float or on wider grids than wanted: counts neither as best nor towards patience and collapse
    double score() const { return metrics.score(); }
};

struct TrainOutcome {
    std::vector<EpochResult> epochs;  // those of earlier sittings included
    int64_t bestEpoch = 0;
    bool stopped = false;             // on request, after a checkpoint
    bool exhausted = false;           // patience ran out
    std::vector<Incident> incidents;  // what the sentinel saw
    bool halted = false;  // by the sentinel: the model is that of the best epoch (of the start if there is none)
    std::optional<double> startScore{};  // as in the job
};

}  // namespace qat
