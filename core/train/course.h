// The way of a training from its first batch to its last: what the configuration says about a position on it.
#pragma once

#include "config/config.h"
#include "train/position.h"
#include "train/schedule.h"

namespace qat {

class TrainCourse {
public:
    // The configuration must outlive the course. quantized: there are quantizers, so fine-tuning may follow.
    TrainCourse(const Config& config, bool quantized, int64_t batchesPerEpoch);

    int64_t batchesPerEpoch() const { return m_batches; }
    int64_t lastEpoch() const { return m_config.train.epochs + m_tuningEpochs; }  // fine-tuning included
    int64_t batches() const { return m_batches * lastEpoch(); }

    // Of batch `step` (counted over the whole run), before the sentinel lowers its rates.
    StepSettings settings(const TrainPosition& at, int64_t step) const;
    double progress(const TrainPosition& at) const;  // share of the training that is done; 1 in fine-tuning

    bool over(const TrainPosition& at) const;
    bool isDueForTuning(const TrainPosition& at) const;
    bool isLastEpoch(const TrainPosition& at) const;  // the one that `at` is in
    bool usesMosaic(const TrainPosition& at) const;
    bool freezesNorms(const TrainPosition& at) const;
    bool inFloat(const TrainPosition& at) const;      // an epoch before the quantizers
    bool isEasier(const TrainPosition& at) const;     // in float, or on wider grids than wanted
    bool isExhausted(const TrainPosition& at) const;  // as many epochs as train_params.patience without a better one

private:
    bool trained(const TrainPosition& at) const;

    const Config& m_config;
    bool m_quantized;
    int64_t m_tuningEpochs;
    int64_t m_batches;
};

}  // namespace qat
