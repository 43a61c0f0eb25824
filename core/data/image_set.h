// Finding the pictures a data set is made of: data.yaml, image lists, folders.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "data/dataset.h"

namespace qat {

struct ImageSet {
    std::vector<fs::path> images;         // sorted by path
    std::vector<std::string> classNames;  // empty: not known
    int64_t keypointNumbers = 0;          // that follow the box in a row of labels
    std::vector<std::string> warnings;    // of folders and links that lead nowhere
};

// One picture per line, in the file's order; relative paths start at the list's folder, empty lines and by-products
// (data/folder_walk.h) are skipped. A path with backslashes under which nothing is found is tried with slashes.
// Throws Error{BadInput} naming list and line for a line that names no picture, or is not UTF-8.
std::vector<fs::path> imagesInList(const fs::path& list);

// What a path is for.
enum class SourceKind { Folder, List, Picture, DataYaml, Nothing };
SourceKind sourceKind(const fs::path& path);

// Keys: path (root, relative to the file), train, val (or validation) and test (folder, picture or list, or several of
// them), names (list or index: name), nc, kpt_shape (key points and numbers of each, which labels have after boxes). A
// path, that of the root too, that begins with ../ and leads to nothing is tried without it, as labelling services
// write it for files beside data.yaml, and with slashes for its backslashes. Throws Error{BadInput} naming file, line
// and key, also for a key that stands twice and for an empty source.
ImageSet readDataYaml(const fs::path& file, DataSplit split);

// Anything openDataset takes except shapes.
ImageSet findImages(const fs::path& path, DataSplit split);

}  // namespace qat
