// A classifier as small as one can be, and pictures for it.
#pragma once

#include <filesystem>

#include "graph/graph.h"

namespace qat::test {

// Six classes of 64 x 64 pictures, a few thousand weights.
Graph tinyClassifier();

// folder/train/disc/000.png and so on: drawn pictures, each in the folder of its largest object's class.
void writeClassFolders(const std::filesystem::path& folder, int64_t train, int64_t val);

}  // namespace qat::test
