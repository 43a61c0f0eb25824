// What the quantizers of a network in training do: once an epoch, on a sample.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "quant/quantizer_set.h"

namespace qat {

struct QuantizerReport {
    std::string name;
    int bits = 0;
    double scale = 0;         // mean over channels or groups
    double gradientNorm = 0;  // of the scale's gradient; 0 where it is not learned
    double clipped = 0;       // share of the values beyond the first and last code by more than half a step
    double usedLevels = 0;    // codes that occur, as a share of those there are
    double atFloor = 0;       // share of the scales that stand at the least one they may have
    bool learned = false;     // whether training moves the scale
    std::map<std::string, double> metrics() const;
};

// Weights are looked at whole, activations at every so many values of what a pass of `images` [N,3,H,W] in eval mode
// makes, so the cost is that of the pass. gradients: what the parameters hold now. Changes nothing.
std::vector<QuantizerReport> reportQuantizers(const Graph& graph, const QuantizerSet& set, const at::Tensor& images);

}  // namespace qat
