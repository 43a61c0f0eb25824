// What training tells while it goes on, as events. Steps and epochs are 1-based.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/events.h"
#include "train/position.h"
#include "train/stabilizer.h"

namespace qat {

struct StepSettings;

void reportLosses(EventSink& sink, int64_t step, const LossTerms& losses, const std::optional<double>& distillation);
void reportRates(EventSink& sink, int64_t step, const StepSettings& settings);
// What quantizers do with a few of the images [N,3,H,W]; gradients must still be there. The pass costs nothing beside
// an epoch.
void reportGrids(EventSink& sink, const Graph& graph, const QuantizerSet& quantizers, const at::Tensor& images,
                 int64_t epoch);
void reportEpoch(EventSink& sink, const EpochResult& result, int64_t lastEpoch);
// The training is resumed for another number of epochs, at the learning rate `next`; nothing: patience had ended it.
void reportNewLength(EventSink& sink, const TrainPosition& at, int64_t epochs, std::optional<double> next);
// A stabilizer that is to act on weights, of which there are none.
void warnOfIdle(EventSink& sink, const Stabilizer& stabilizer);
void reportOscillation(EventSink& sink, const Stabilizer& stabilizer, int64_t epoch);

}  // namespace qat
