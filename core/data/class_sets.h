// Sets of small classified pictures as their authors distribute them: CIFAR-10 and -100 in the binary layout, MNIST and
// Fashion-MNIST as idx files, also compressed. Their pixels stay in memory, as bytes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/data_name.h"
#include "data/dataset.h"

namespace qat {

// Validation and test are the same pictures, the set's test part. Grey pictures have three equal channels. Throws
// Error{BadInput} naming the file that is not there, and of a file the byte or number that does not fit.
std::shared_ptr<const Dataset> openClassSet(const NamedSet& set, DataSplit split);

// The classes of a set, by its name.
std::vector<std::string> classesOfSet(std::string_view name);

// The files of a split, where they lie below the folder. Throws Error{BadInput} naming those that are missing.
std::vector<std::string> filesOfSet(const NamedSet& set, DataSplit split);

}  // namespace qat
