// What an exported ONNX file tells about itself beside the graph.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "export/onnx_quantizers.h"
#include "graph/graph.h"

namespace qat {

using OnnxMetadata = std::vector<std::pair<std::string, std::string>>;

// description, version, stride, task, batch, imgsz, names: what detection tools look for. inputShape is NCHW.
OnnxMetadata modelMetadata(const ModelInfo& info, const Shape& inputShape);

// Compact JSON: {"format": 1, "tensors": [{name, kind, dtype, bits, signed, narrow, qmin, qmax, axis, scales,
// zero_points}]}. axis is null for one scale. Scales have the shortest digits that give the same float32 back.
std::string quantParamsJson(const std::vector<QuantRecord>& records);

}  // namespace qat
