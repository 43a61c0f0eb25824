// What quantizing everything does at each layer: outputs of the quantized model against those of the float one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analysis/error_metrics.h"
#include "base/cancel.h"
#include "graph/graph.h"

namespace qat {

struct LayerError {
    std::string layer;  // name of the convolution or linear layer, or of a head output (head.0)
    ErrorSums error;
};

// Both graphs come from the same float graph (one is its clone with quantizers), so values correspond by id. next gives
// batches of images, an undefined tensor ends them. Layers in execution order, head outputs last.
std::vector<LayerError> measureLayerError(const Graph& floatGraph, const Graph& quantized,
                                          const std::function<at::Tensor()>& next, const CancelToken& cancel);

}  // namespace qat
