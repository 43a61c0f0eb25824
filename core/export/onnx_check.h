// The format's own checks on what is about to be written.
#pragma once

namespace onnx {
class ModelProto;
}

namespace qat {

// Runs the ONNX checker and strict shape inference, which adds what it infers to the model: a model of its own would be
// one more copy of every weight. Throws Error{Internal} with the checker's words if the model breaks a rule of the
// format or a declared shape is not the inferred one.
void checkOnnx(onnx::ModelProto& model);

}  // namespace qat
