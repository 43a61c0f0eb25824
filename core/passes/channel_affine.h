// A factor and an offset for each output channel of a convolution, the correction of Gupta & Asthana (2024):
//
//     y = gamma (W x + b) + beta
//
// It stands in the graph as a batch norm of mean 0, variance 1 and eps 0, which is that very function: it runs in the
// fused chain of normalisation, activation and quantizer, and identity (gamma 1, beta 0) changes no bit.
#pragma once

#include "graph/graph.h"

namespace qat {

struct ChannelAffine {
    NodeId convolution, node;
    ValueId gamma, beta;  // parameters [C]: <convolution>.qc.gamma, <convolution>.qc.beta
};

// Identity after the convolution, before all who read it. Throws Error{Internal} for another operator.
ChannelAffine insertAffine(Graph& graph, NodeId convolution);

enum class AffineForm {
    Norm,        // merged into the batch norm after it
    Scales,      // merged into weight scales and bias: the codes stay, a negative gamma mirrors them
    Operations,  // a multiplication and an addition
};

// Puts the affine where it does not cost anything and changes no weight code, else keeps it as operations:
//   Norm    its only reader is a batch norm (g, c, mean):
//           g' = g gamma,  c' = c + g (gamma mean + beta - mean) / sqrt(var + eps)
//   Scales  the weight has a symmetric grid with one scale per output channel:  s' = s |gamma|,  b' = gamma b + beta;
//           with perChannel also a grid with one scale for the whole weight, which then gets one a channel. Where gamma
//           is 0 the codes are 0 and the scale stays, so that it is always above 0
AffineForm foldAffine(Graph& graph, const ChannelAffine& affine, bool perChannel);

// Makes the affine a multiplication by gamma and an addition of beta, both [1, C, 1, 1] from then on.
void keepAffine(Graph& graph, const ChannelAffine& affine);

// Merges every kept affine into its convolution, whose weight must be in float: W' = gamma W, b' = gamma b + beta.
// Returns how many.
int foldKeptAffines(Graph& graph);

// The value that stands for the convolution's output: that of a kept affine after it, else its own.
ValueId correctedOutput(const Graph& graph, ValueId output);

}  // namespace qat
