// Entries of quantization.layer_configs laid over the sections: what an entry leaves empty stays.
#pragma once

#include "config/config.h"

namespace qat {

void applyOverride(TensorQuantConfig& config, const TensorQuantOverride& given);
void applyOverride(FakeQuantizeConfig& config, const FakeQuantizeOverride& given);
void applyOverride(CalibrationConfig& config, const CalibrationOverride& given);

}  // namespace qat
