// Where a run's numbers come from: which data, which files, which program.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "data/dataset.h"

namespace qat {

// sha256 covers what `covers` says:
//   drawing                  the specification of drawn shapes, from which the pictures follow
//   contents                 names and bytes of pictures and label files, in order; up to 256 MiB of them
//   names, sizes and labels  of larger sets: names and sizes of pictures, names and bytes of label files
// Folders do not count, so the same data elsewhere has the same digest.
struct DataDigest {
    std::string covers, sha256;
};
DataDigest digestOf(const Dataset& data, const std::string& spec, const std::string& split);

struct FileDigest {
    std::string path;  // relative to the run folder
    int64_t bytes = 0;
    std::string sha256;
};
// What a run made and others use: all but events, previews, checkpoints, reports and the summary itself; by path.
std::vector<FileDigest> artifactsOf(const std::filesystem::path& runFolder);

// Name and version of this program, its libraries and its compiler.
std::vector<std::pair<std::string, std::string>> versions();

}  // namespace qat
