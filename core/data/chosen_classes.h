// A data set in which only objects of some classes count.
#pragma once

#include <cstdint>
#include <set>

#include "data/dataset.h"

namespace qat {

// The numbers of classes: names, or numbers where `names` is empty. Throws Error{BadInput} naming the first that the
// data does not have.
std::set<int32_t> classNumbers(const std::vector<std::string>& names, const std::vector<std::string>& classes);

// The same pictures, without the labels of other classes; class numbers stay. Throws as
// classNumbers().
std::shared_ptr<const Dataset> keepClasses(std::shared_ptr<const Dataset> all, const std::vector<std::string>& classes);

}  // namespace qat
