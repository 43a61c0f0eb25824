// What quantization correction has come to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "passes/channel_affine.h"

namespace qat {

struct LayerCorrection {
    std::string layer;
    AffineForm form = AffineForm::Scales;
    double gammaMin = 1, gammaMax = 1, betaMax = 0;  // over the channels; betaMax of the magnitudes
};

struct CorrectionOutcome {
    std::vector<LayerCorrection> layers;  // execution order
    int64_t steps = 0;
    int64_t addedBytes = 0;  // on a device: new scales, and the numbers of corrections kept as operations
    bool stopped = false;    // on request, after a checkpoint; the graph is then of no use
    std::string
        diverged{};  // why there is no correction, a sentence: the loss is not finite; the graph is then of no use
};

}  // namespace qat
