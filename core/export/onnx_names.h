// How things are called inside an exported ONNX file.
#pragma once

#include <string>
#include <string_view>

namespace qat {

// Module path as scope of node names: model.2.m.0.cv1.conv -> /model.2/m.0/cv1/conv. A number belongs to the name in
// front of it; a number after a number repeats the whole name: cv2.0.0 -> /cv2.0/cv2.0.0.
std::string onnxScope(std::string_view module);

// Text as a literal of the language that readers of the metadata evaluate it in: 'disc', "driver's cab".
std::string quotedText(std::string_view text);

}  // namespace qat
