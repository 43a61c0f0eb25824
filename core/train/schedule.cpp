// The schedules.
#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "config/derived.h"

namespace qat {
namespace {

// Linear between (0, from) and (end, to), constant after it.
double ramp(double x, double end, double from, double to) {
    return end <= 0 || x >= end ? to : from + (to - from) * x / end;
}

int64_t warmupSteps(const TrainConfig& config, int64_t batchesPerEpoch) {
    if (config.warmupEpochs <= 0) return 0;
    const auto wanted = static_cast<int64_t>(std::llround(config.warmupEpochs * static_cast<double>(batchesPerEpoch)));
    return std::min(std::max<int64_t>(wanted, 100), config.epochs * batchesPerEpoch / 2);
}

}  // namespace

double epochFactor(const TrainConfig& config, int64_t epoch) {
    const int period = config.lrPeriod > 0 ? config.lrPeriod : config.epochs;
    const double x = std::min(1.0, static_cast<double>(epoch) / std::max(period, 1));
    switch (config.lrScheduler) {
        case ScheduleKind::Cosine:
            return (1 - std::cos(std::numbers::pi * x)) / 2 * (config.lrf - 1) + 1;
        case ScheduleKind::Linear:
            return std::max(1 - x, 0.0) * (1 - config.lrf) + config.lrf;
        case ScheduleKind::Step:
            return x >= 0.85 ? 0.01 : x >= 0.6 ? 0.1 : 1.0;
    }
    return 1;
}

StepSettings settingsAt(const TrainConfig& config, int64_t step, int64_t batchesPerEpoch) {
    const double warmup = static_cast<double>(warmupSteps(config, batchesPerEpoch));
    const double lr = config.lr * epochFactor(config, step / std::max<int64_t>(batchesPerEpoch, 1));
    const double x = static_cast<double>(step);
    const double biasStart = followsGradient(config.optimizer) ? 0.1 : 0.0;
    const double accumulate = std::max(1.0, config.nominalBatch / static_cast<double>(config.batchSize));
    return {ramp(x, warmup, std::min(biasStart, 10 * config.lr), lr),
            ramp(x, warmup, 0, lr),
            ramp(x, warmup, 0, lr),
            ramp(x, warmup, 0, lr * scaleRate(config)),
            ramp(x, warmup, 0.8, config.momentum),
            std::max<int64_t>(1, std::llround(ramp(x, warmup, 1, std::round(accumulate))))};
}

double annealed(double from, double to, double begin, double end, double progress) {
    if (progress >= end) return to;
    if (progress <= begin) return from;
    const double x = (progress - begin) / (end - begin);
    return to + (from - to) * (1 + std::cos(std::numbers::pi * x)) / 2;
}

StepSettings fineTuningSettings(const TrainConfig& config, int64_t batchesPerEpoch) {
    StepSettings settings = settingsAt(config, config.epochs * batchesPerEpoch, batchesPerEpoch);
    settings.lrQuant = 0;
    return settings;
}

StepSettings slowed(StepSettings settings, double factor) {
    for (double* rate : {&settings.lrBias, &settings.lrWeight, &settings.lrNorm, &settings.lrQuant}) *rate *= factor;
    return settings;
}

}  // namespace qat
