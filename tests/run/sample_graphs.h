// Small graphs with every pattern the executor treats specially: chains, branches, kept inner values, vectors.
#pragma once

#include <string>

#include "graph/graph.h"

namespace qat::test {

// Stored values, seeded; running statistics are plausible.
ValueId randomParameter(Graph& graph, const std::string& name, const Shape& shape, uint64_t seed, double low = -1,
                        double high = 1);
ValueId constantBuffer(Graph& graph, const std::string& name, float value);

// Adds name.bn over `channels`.
ValueId addNorm(Graph& graph, const std::string& name, ValueId x, int64_t channels, uint64_t seed);

// Adds name.quant, signed codes of the given width.
ValueId addQuantizer(Graph& graph, const std::string& name, ValueId x, FakeQuantMode mode, float scale, float zeroPoint,
                     int64_t bits = 8);

// Input images [2,3,12,10]. Conv, norm, SiLU, quantizer; a branch that reads the quantized value twice; pooling, split,
// concat, resize; outputs "out" [2,12,12,10], "inner" (a convolution's bare output that a norm reads too), "vector".
Graph branchedGraph(FakeQuantMode mode);

}  // namespace qat::test
