// How training and what goes with it load images.
#pragma once

#include "config/config.h"
#include "data/loader.h"

namespace qat {

// Size, batch and workers of the configuration, in an order drawn from its seed; neither augmented nor limited, and
// with the incomplete last batch.
LoaderOptions shuffledOptions(const Config& config);

}  // namespace qat
