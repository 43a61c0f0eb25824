// The format's own checks on the bytes that are about to be written.
#pragma once

#include <string>

namespace qat {

// Parses the model, then runs the ONNX checker and strict shape inference. Throws Error{Internal} with the checker's
// words if the file breaks a rule of the format or a declared shape is not the inferred one.
void checkOnnx(const std::string& bytes);

}  // namespace qat
