// Pictures sorted into a folder a class, as sets for classifiers come.
#pragma once

#include <cstdint>
#include <vector>

#include "data/image_set.h"

namespace qat {

struct ClassifiedImages {
    ImageSet set;                  // by class, then by path; class names are those of the folders, in their order
    std::vector<int32_t> classes;  // one a picture
};

// folder/train/CLASS/..., folder/val/CLASS/... and folder/test/CLASS/..., or folder/CLASS/... for all splits alike. A
// class without pictures in this split keeps its number. Throws Error{BadInput} naming the folder: it is none, or has
// no folder for the split or none for a class.
ClassifiedImages findClassFolders(const fs::path& folder, DataSplit split);

}  // namespace qat
