// The resolved setting for every weight and every activation: which grid, which quantizer, and where each came from.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "graph/graph.h"
#include "quant/value_origins.h"

namespace qat {

struct Resolved {
    TensorQuantConfig tensor;
    FakeQuantizeConfig fakeQuantize;
    CalibrationConfig calibration;
    std::string origin = "default";  // of the width, as in StatedBy; also "image input"
};

struct WeightPlan {
    NodeId node;  // Conv2d or Linear
    Resolved how;
};

// Values that share one grid (quant/scale_groups.h). Quantizers stand right after its sources, the values made by an
// op that changes numbers.
struct ActivationGroup {
    std::string name;  // of its first source value
    std::vector<ValueId> sources;
    std::vector<ValueId> observed;  // the sources that make the range
    bool largest = false;           // the widest of them does
    std::vector<NodeId> readers;    // quantized layers and products that read a member
    Resolved how;                   // the widest of what the readers ask for
    // For results of a convolution that are quantized before their activation: the activation. No layer reads them
    // then.
    std::optional<ActivationKind> before;
};

// A concatenation or an addition, and the groups of what it reads and makes: places in QuantPlan::groups, none in
// float.
struct PlannedJoin {
    NodeId node;
    JoinMode mode;
    std::vector<std::optional<size_t>> inputs;
    std::optional<size_t> output;
};

struct BranchPolicy;

struct QuantPlan {
    std::vector<WeightPlan> weights;       // execution order
    std::vector<ActivationGroup> groups;   // by first source
    std::vector<PlannedJoin> joins;        // those that read something quantized; execution order
    std::vector<std::string> skipped;      // quantizable layers that stay in float
    std::map<NodeId, LayerValues> values;  // of every quantizable layer
    // Of quantized layers and products for which any holds.
    std::map<NodeId, std::vector<const BranchPolicy*>> policies;
    std::map<NodeId, std::string> declared;  // layers of which the network's own description speaks: where it does
    std::vector<std::string>
        warnings;  // patterns that match nothing, readers that disagree, fusions of another activation
    const WeightPlan* weightOf(NodeId node) const;
    const ActivationGroup* groupRead(NodeId node) const;
};

// Rules of a config applied to a graph without quantizers. Policies of branches
// (quant/branch_policies.h) come before patterns; the expectation (DFL) and decoding stay in float; qat_params
// skip_detection_head leaves the whole head in float. The image itself has 8 bits unless a pattern says otherwise.
// Groups with a range per channel whose sources differ in channels get one for the whole tensor, with a warning.
// Later patterns override earlier ones. A convolution and its activation are one unit, quantized after the activation,
// as TensorRT fuses them; where qat_params.fusion_patterns names a fusion without an activation (modules conv, bn), the
// convolution's own result is quantized too, which is what ONNX Runtime's integer kernels need.
QuantPlan resolvePlan(const Graph& graph, const Config& config);

// Layers with a weight that can be quantized, in execution order: all but the frozen expectation.
std::vector<NodeId> quantizableNodes(const Graph& graph);

// Layers without a weight, which multiply data with data: their inputs are quantized.
std::vector<NodeId> dataProducts(const Graph& graph);

}  // namespace qat
