// A data set in which only objects of some classes count.
#pragma once

#include "data/dataset.h"

namespace qat {

// The same pictures, without the labels of other classes; class numbers stay. classes: names, or numbers where the data
// names none. Throws Error{BadInput} naming the first that the data does not have.
std::shared_ptr<const Dataset> keepClasses(std::shared_ptr<const Dataset> all, const std::vector<std::string>& classes);

}  // namespace qat
