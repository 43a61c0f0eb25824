// One-layer-on sensitivity: quantize a single layer, leave all others in float, and see what reaches the head outputs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analysis/error_metrics.h"
#include "base/cancel.h"
#include "graph/graph.h"
#include "quant/quantizer_set.h"

namespace qat {

struct LayerSensitivity {
    NodeId node;
    std::string layer;
    int bits = 0;      // of the layer's weight and of its input
    ErrorSums error;   // at the head outputs; noiseToSignal() is the score
};

struct SensitivityJob {
    const Graph& floatGraph;         // batch norm folded
    const QuantizerSet& quantizers;  // calibrated: the observed ranges are laid onto grids of other widths
    std::vector<int> bits;
    bool reuse = true;               // false: a full pass for every layer and width, for measuring what reuse saves
    bool weightsOnly = false;        // inputs stay in float
};

// next gives batches of images, an undefined tensor ends them; progress(done, total) counts layers within all batches.
// Rows: layers in execution order, widths in the given order.
std::vector<LayerSensitivity> measureSensitivity(const SensitivityJob& job, const std::function<at::Tensor()>& next, int64_t batches,
                                                 const CancelToken& cancel, const std::function<void(int64_t, int64_t)>& progress);

}  // namespace qat
