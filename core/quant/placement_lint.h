// What a runtime will make of where a plan puts quantizers: layers that it refuses, runs in float, or cannot fuse.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "quant/plan.h"

namespace qat {

enum class Runtime { TensorRt, OnnxRuntime };
enum class PlacementCost {
    Refused,  // the file is not accepted, or cannot be written
    Slower,   // something runs in floating point, is converted, or is not fused
    Note      // works, and may be worth to know
};

struct PlacementFinding {
    Runtime runtime;
    std::string rule;  // zero-point, split-activation, ...
    PlacementCost cost;
    std::string node;      // or the tensor, where the finding is about its quantizer
    std::string sentence;  // the same for all findings of a rule
};

std::string_view runtimeName(Runtime runtime);  // TensorRT, ONNX Runtime
std::string_view costName(PlacementCost cost);  // refused, slower, note

// Findings by rule, then in execution order. graph: without quantizers, batch norms folded if they are before export;
// plan: made for it. The rules follow the runtimes' published ones on explicit quantization (QuantizeLinear and
// DequantizeLinear).
std::vector<PlacementFinding> lintPlacement(const Graph& graph, const QuantPlan& plan, Runtime runtime);

// What the runtime refuses, a sentence a rule with the places it concerns; empty if it accepts everything.
std::vector<std::string> refusals(const std::vector<PlacementFinding>& findings, Runtime runtime);

}  // namespace qat
