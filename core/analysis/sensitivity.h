// One-layer-on sensitivity: quantize a single layer, leave all others in float, and see what reaches the head outputs.
#pragma once

#include <filesystem>
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
    int bits = 0;     // of the layer's weight and of its input
    ErrorSums error;  // at the head outputs; noiseToSignal() is the score
};

struct SensitivityJob {
    const Graph& floatGraph;         // batch norm folded
    const QuantizerSet& quantizers;  // calibrated: the observed ranges are laid onto grids of other widths
    std::vector<int> bits;
    bool reuse = true;         // false: a full pass for every layer and width, for measuring what reuse saves
    bool weightsOnly = false;  // inputs stay in float
    // Where the sweep keeps what it has, about once a second; a sweep of the same `identity` that finds it there goes
    // on from it, to the same bits. "": nowhere.
    std::filesystem::path state{};
    std::string identity{};
};

// resumed(rows): told once if the sweep goes on from its state, how many rows of all batches are done.
// next gives batches of images, an undefined tensor ends them; progress(done, total) counts layers within all batches.
// Rows: layers in execution order, widths in the given order.
std::vector<LayerSensitivity> measureSensitivity(const SensitivityJob& job, const std::function<at::Tensor()>& next,
                                                 int64_t batches, const CancelToken& cancel,
                                                 const std::function<void(int64_t, int64_t)>& progress,
                                                 const std::function<void(int64_t)>& resumed = {});

}  // namespace qat
