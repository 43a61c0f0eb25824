// Answers from configuration and position.
#include "train/course.h"

#include "config/derived.h"

namespace qat {

TrainCourse::TrainCourse(const Config& config, bool quantized, int64_t batchesPerEpoch)
    : m_config(config),
      m_quantized(quantized),
      m_tuningEpochs(quantized ? fineTuningEpochs(config) : 0),
      m_batches(batchesPerEpoch) {}

StepSettings TrainCourse::settings(const TrainPosition& at, int64_t step) const {
    return at.tuning ? fineTuningSettings(m_config.train, m_batches) : settingsAt(m_config.train, step, m_batches);
}

double TrainCourse::progress(const TrainPosition& at) const {
    return at.tuning ? 1 : static_cast<double>(at.step) / static_cast<double>(m_batches * m_config.train.epochs);
}

bool TrainCourse::trained(const TrainPosition& at) const {
    return at.epoch >= m_config.train.epochs || at.outcome.exhausted;
}

bool TrainCourse::isDueForTuning(const TrainPosition& at) const {
    return !at.outcome.halted && !at.tuning && trained(at) && m_tuningEpochs > 0;
}

bool TrainCourse::over(const TrainPosition& at) const {
    return at.outcome.halted || (at.tuning ? at.tuned >= m_tuningEpochs : trained(at) && m_tuningEpochs == 0);
}

bool TrainCourse::isLastEpoch(const TrainPosition& at) const {
    if (at.tuning) return at.tuned + 1 >= m_tuningEpochs;
    return m_tuningEpochs == 0 && (at.epoch + 1 >= m_config.train.epochs || at.outcome.exhausted);
}

bool TrainCourse::usesMosaic(const TrainPosition& at) const {
    return !at.tuning && at.epoch < m_config.train.epochs - m_config.data.augment.closeMosaic;
}

bool TrainCourse::freezesNorms(const TrainPosition& at) const {
    return m_config.train.bnFreezeEpoch > 0 && at.epoch >= m_config.train.bnFreezeEpoch;
}

bool TrainCourse::inFloat(const TrainPosition& at) const {
    return m_quantized && !at.tuning && at.epoch < m_config.qat.floatEpochs;
}

bool TrainCourse::isEasier(const TrainPosition& at) const {
    return at.epoch < easierEpochs(m_config);
}

bool TrainCourse::isExhausted(const TrainPosition& at) const {
    const auto& epochs = at.outcome.epochs;
    const int patience = m_config.train.patience;
    return patience > 0 && !epochs.empty() && epochs.back().epoch - at.outcome.bestEpoch >= patience;
}

}  // namespace qat
