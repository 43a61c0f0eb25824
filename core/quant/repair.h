// Repair of a calibrated network without training: learned rounding of weights and corrected biases, layer by layer,
// each on what the layers repaired before it make.
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

// Calibration images that can be had again and again. open(): a stream of batches [n,3,H,W], the same ones in the same
// order each time, that ends with an undefined tensor after `count` images in all.
struct RepairImages {
    int64_t count = 0;
    std::function<std::function<at::Tensor()>()> open;
    int64_t kept = 16;  // images whose inner values stay in memory; what exceeds it is computed anew for every layer on
                        // the longest way
};

// floatGraph: the graph before `set` was inserted into its clone `quantized`. Memory grows with images.kept and the
// batches, not with the number of images. With config.adaround weights on integer grids move to the codes that
// learnRounding() chooses from a sample of places; with config.biasCorrection the mean error of every channel over all
// places leaves the bias, which a layer without one gets. done(i, n) is called after layer i of n. Same images in the
// same batches and same seed, same bits. Throws Error{BadInput} without images, Error{Cancelled} on request, which
// leaves some layers repaired.
std::vector<LayerRepair> repairLayers(const Graph& floatGraph, Graph& quantized, const QuantizerSet& set,
                                      const RepairImages& images, const RepairConfig& config, uint64_t seed,
                                      const CancelToken& cancel, const std::function<void(int64_t, int64_t)>& done);

}  // namespace qat
