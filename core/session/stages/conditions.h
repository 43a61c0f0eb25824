// What a configuration asks of a job, said once for the table of stages and for the stages themselves.
#pragma once

#include "config/config.h"

namespace qat {

bool trains(const Config& config);
bool corrects(const Config& config);             // by quantization correction (QC)
bool analyzesEffects(const Config& config);      // of quantization, in a whole run
bool measuresLayerErrors(const Config& config);  // in a whole run, of every form of the model
bool wantsPreviews(const Config& config);

}  // namespace qat
