// Which known classifier the tensors of a file are, by their names and shapes alone.
#pragma once

#include <optional>

#include "models/layout.h"
#include "models/weights.h"

namespace qat {

// The table of the member, with the number of classes; the tensors are brought to the names and shapes of its graph. No
// table, and tensors left as they are, of what is no classifier known here. Throws Error{BadInput} naming the tensor
// for depths and widths that no member has.
std::optional<Layout> recogniseClassifier(NamedTensors& tensors);

}  // namespace qat
