// Which detector the tensors of a checkpoint are, by their names alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qat {

// What stands before the layer numbers of a detector in these names: "model." as stored by its trainer, "" of
// the inner sequence (0.conv.weight), "detector.model." inside a user's own module. Of several the averaged one (ema)
// counts. Throws Error{BadInput} naming them if that does not decide. "model." if there is none.
std::string detectorPrefix(const std::vector<std::string_view>& names);

// The detector, classifier or other network that is none of the detectors here, as "a YOLOv7 detector"; empty if
// nothing says so. moduleClass: the Python class that was stored, if any.
std::string otherModel(const std::vector<std::string_view>& names, std::string_view moduleClass);

}  // namespace qat
