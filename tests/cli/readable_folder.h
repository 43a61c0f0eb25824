// What a killed program left behind: whether whoever looks into its run folder can read it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace qat::test {

// A sentence for every file below the folder that its own reader refuses: JSON, YAML (as configurations), CSV,
// safetensors, ONNX, pictures, pages. Event logs and TensorBoard's files grow by records: only their last one may be
// cut off. Files that say in their name that they are half written (.tmp) are nobody's to read.
std::vector<std::string> unreadableFiles(const std::filesystem::path& folder);

}  // namespace qat::test
