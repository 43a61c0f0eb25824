// Learned rounding of weights (AdaRound, Nagel et al. 2020): up or down, whichever serves the layer's results.
#pragma once

#include <ATen/core/Tensor.h>

namespace qat {

// A layer's results as a quadratic form in its weights: mean over places of ||y - W x||^2 =
// constant - 2 <W, cross> + <W gram, W>. Rows are output channels, grouped: G groups of O / G channels with K inputs
// each.
struct RoundingProblem {
    at::Tensor weight;    // float [G, O/G, K]
    at::Tensor scale;     // of each element, the same shape
    at::Tensor gram;      // mean of x x^T, [G, K, K]
    at::Tensor cross;     // mean of y x^T, [G, O/G, K]
    double constant = 0;  // mean of ||y||^2
    double qmin = -7, qmax = 7;
};

struct RoundingOptions {
    int iterations = 300;
    double weight = 0.01;  // of the term that drives roundings to one side
};

struct RoundingResult {
    at::Tensor codes;              // whole numbers in qmin..qmax, shape of the weight; each next to weight / scale
    double before = 0, after = 0;  // mean error to the nearest codes and to these, as shares of `constant`
};

// Never worse than rounding to the nearest: then that is the result. Deterministic.
RoundingResult learnRounding(const RoundingProblem& problem, const RoundingOptions& options);

}  // namespace qat
