// From a graph and a plan to the layer descriptions of session/inspect.h.
#pragma once

#include "quant/plan.h"
#include "session/inspect.h"

namespace qat {

// plan may be null. Probes the graph at imgsz x imgsz, which sets its shapes.
ModelDescription describeGraph(Graph& graph, int imgsz, const QuantPlan* plan);

// Weights of a convolution or linear layer, biases left out.
int64_t weightCount(const Graph& graph, NodeId node);

// Bytes on a device: weights at the plan's widths (bits rounded up to bytes a tensor), 4 bytes a scale and bias, 1 a
// zero point of asymmetric grids, 4 for everything in float. plan null: all in float.
int64_t deviceBytes(const Graph& graph, const QuantPlan* plan);

// Weight bits over weight count of the quantizable layers; layers in float count 32.
double effectiveBits(const Graph& graph, const QuantPlan& plan);

}  // namespace qat
