// PACT's penalty (Choi et al. 2018): lambda / 2 * a^2 in the loss, a the end of a range, so that ranges do not grow for
// ever.
#pragma once

#include "config/config.h"
#include "quant/quantizer_set.h"
#include "train/parameters.h"

namespace qat {

// lambda of every quantizer whose range's end is learned, by its scale: fake_quantize.clip_decay, or weight_decay, as
// in the paper, where that is empty.
ClipDecays clipDecays(const QuantizerSet& set, const TrainConfig& config);

}  // namespace qat
