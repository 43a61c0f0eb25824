// YOLOv8n on 64 x 64 pictures, folded, with calibrated quantizers: what the analyses compare.
#pragma once

#include <functional>
#include <memory>

#include "graph/graph.h"
#include "quant/quantizer_set.h"

namespace qat::test {

struct CalibratedModel {
    Graph floatGraph;
    Graph quantized;
    std::unique_ptr<QuantizerSet> quantizers;  // of `quantized`
};

CalibratedModel calibratedModel(int weightBits, int activationBits);

// `batches` times two pictures of noise, the same ones for the same seed.
std::function<at::Tensor()> noiseImages(int batches, uint64_t seed = 5);

}  // namespace qat::test
