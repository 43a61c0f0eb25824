// Repair of a calibrated network without training: learned rounding of weights and corrected biases, layer by layer, each on
// what the layers repaired before it make.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "quant/quantizer_set.h"

namespace qat {

struct LayerRepair {
    std::string layer;
    int bits = 0;                  // of its weight
    double before = 0, after = 0;  // error of its results against the float network, as a share of their power
};

// floatGraph: the graph before `set` was inserted into its clone `quantized`. images: calibration images [N,3,H,W], which go
// through both networks at once: memory grows with N. With config.adaround weights on integer grids move to the codes that
// learnRounding() chooses from a sample of places; with config.biasCorrection the mean error of every channel over all
// places leaves the bias, which a layer without one gets. One pass of each network whatever the number of layers. done(i, n) is
// called after layer i of n. Same images and seed, same bits. Throws Error{Cancelled} on request.
std::vector<LayerRepair> repairLayers(const Graph& floatGraph, Graph& quantized, const QuantizerSet& set, const at::Tensor& images,
                                      const RepairConfig& config, uint64_t seed, const CancelToken& cancel,
                                      const std::function<void(int64_t, int64_t)>& done);

}  // namespace qat
