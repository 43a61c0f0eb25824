// Batch norm, activation and fake quantizer as one pass over channels-last memory, forward and backward: what stands
// between two convolutions is bound by memory, so it is read and written once.
#pragma once

#include <optional>

#include "graph/types.h"
#include "ops/op.h"

namespace qat {

// Which of the three steps there are; each may be missing.
struct ActivationChain {
    std::optional<BatchNorm> norm;
    std::optional<Activation> activation;
    std::optional<FakeQuantize> quantizer;  // per tensor
};

// Tensors of the steps that are there; the others stay undefined.
struct ChainTensors;

// x: float [N,C,H,W]. train: batch statistics, and the running ones move in place. inPlace: may write over x, only
// without recording gradients. Result is channels-last.
at::Tensor applyChain(const ActivationChain& chain, const at::Tensor& x, const ChainTensors& tensors, bool train,
                      bool inPlace);

}  // namespace qat
