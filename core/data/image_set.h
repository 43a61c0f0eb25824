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
};

// Every picture in the folder and below. Throws Error{BadInput} if the folder cannot be searched.
std::vector<fs::path> imagesInFolder(const fs::path& folder);

// One picture per line, in the file's order; relative paths start at the list's folder, empty lines are skipped.
// Throws Error{BadInput} naming list and line for a line that names no picture.
std::vector<fs::path> imagesInList(const fs::path& list);

// Keys: path (root, relative to the file), train, val and test (folder, picture or list, or several of them), names (list or
// index: name), nc. Throws Error{BadInput} naming file, line and key.
ImageSet readDataYaml(const fs::path& file, DataSplit split);

// Anything openDataset takes except shapes.
ImageSet findImages(const fs::path& path, DataSplit split);

}  // namespace qat
