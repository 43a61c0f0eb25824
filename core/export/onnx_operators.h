// Each operator of a graph as ONNX nodes: one function an operator. An operator without one does not compile.
#pragma once

#include "export/onnx_context.h"

namespace qat {

// Writes the node. What cannot be expressed is among the issues found.
void writeNode(OnnxContext& context, const Node& node);

}  // namespace qat
