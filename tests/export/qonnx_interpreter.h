// An interpreter of QONNX files, written from the operators' specifications alone: it shares nothing with what writes
// them but the view of the file.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "export/read_onnx.h"

namespace qat::test {

struct QonnxValues {
    std::map<std::string, at::Tensor> tensors;  // by name: all of the file
    std::map<std::string, at::Tensor> codes;    // what Quant and BipolarQuant nodes rounded to, by their output
};

// Throws std::runtime_error naming the node for an operator that it does not know.
QonnxValues interpret(const OnnxView& file, const std::map<std::string, at::Tensor>& inputs);

}  // namespace qat::test
