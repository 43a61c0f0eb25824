// Weights on grids coarse enough for their codes to swing, and their memory as runs that share a scale.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "ops/vector_loops.h"
#include "quant/quantizer_set.h"

namespace qat {

struct LowBitWeight {
    std::string layer;
    NodeId quantizer;  // its FakeQuantize
    ValueId weight, scale, zeroPoint;
};

// Those of at most 4 bits whose codes are whole numbers, in the order of the set.
std::vector<LowBitWeight> lowBitWeights(const Graph& graph, const QuantizerSet& quantizers);

// The tensor in the memory order that gridRuns() speaks of: itself, or a contiguous copy where its channels do not lie
// outermost.
at::Tensor inRunOrder(const Graph& graph, const LowBitWeight& weight, const at::Tensor& tensor);

// Elements begin .. begin + length of the memory lie on one grid.
struct GridRun {
    int64_t begin, length;
    int64_t scale;  // which element of the scales
    loops::Grid grid;
};

// The whole weight as it is now, in runs of at most 16384 elements.
std::vector<GridRun> gridRuns(const Graph& graph, const LowBitWeight& weight);

// body(i) for every run, on several threads.
template <class Body>
void overRuns(const std::vector<GridRun>& runs, const Body& body) {
    constexpr int64_t kTask = 16384;  // elements
    const int64_t grain = runs.empty() ? 1 : std::max<int64_t>(1, kTask / runs.front().length);
    at::parallel_for(0, static_cast<int64_t>(runs.size()), grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) body(static_cast<size_t>(i));
    });
}

// The gradient of a parameter in its memory order, kept so; undefined if it has none.
at::Tensor orderedGradient(at::Tensor& parameter);

}  // namespace qat
