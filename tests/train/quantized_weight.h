// One convolution of one input channel and one pixel, whose weight is a list of numbers on a grid of one scale.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"
#include "quant/quantizer_set.h"

namespace qat::test {

struct QuantizedWeight {
    Graph graph;  // x -> conv -> out
    std::optional<QuantizerSet> quantizers;

    // learned: the scale is a parameter of the training (LSQ).
    explicit QuantizedWeight(const std::vector<float>& start, int bits = 4, float scale = 1, bool learned = false);
    at::Tensor& weight() { return *graph.value(quantizers->all().front().observed.front()).data; }
    at::Tensor& scale() { return *graph.value(quantizers->all().front().scale).data; }
};

}  // namespace qat::test
