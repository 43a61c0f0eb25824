// Combinations of switches.
#include "session/stages/conditions.h"

namespace qat {

bool trains(const Config& config) {
    return config.train.epochs > 0;
}

bool corrects(const Config& config) {
    return config.qc.enabled && config.train.quantize;
}

// Two switches for one thing: both must be on.
bool analyzesEffects(const Config& config) {
    return config.train.quantize && config.analysis.enabled && config.qat.analyzeQuantizationEffects;
}

bool measuresLayerErrors(const Config& config) {
    return analyzesEffects(config) && config.analysis.measureLayerError && config.qat.measureLayerError;
}

bool wantsPreviews(const Config& config) {
    return config.analysis.generateVisualization && config.analysis.previewImages > 0;
}

}  // namespace qat
