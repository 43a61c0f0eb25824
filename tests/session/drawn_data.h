// Drawn shapes as files: pictures, labels and a data.yaml, to be changed and damaged.
#pragma once

#include <filesystem>
#include <string>

namespace qat::test {

// images/{train,val}/<i>.png of 64 x 64 pixels, their labels, and data.yaml with the names of the shapes, in `folder`,
// which is made. Returns the path of the data.yaml.
std::filesystem::path writeDrawnData(const std::filesystem::path& folder, int train, int val);

// Changes a byte of a PNG's pixels, which only decoding finds.
void spoilPixels(const std::filesystem::path& png);

}  // namespace qat::test
