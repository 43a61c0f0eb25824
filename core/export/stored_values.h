// Reading the tensors that a graph stores, as plain numbers.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace qat {

// The value's numbers in row-major order. Throws Error{BadInput} naming the value if it has no tensor, the tensor does
// not have the value's shape, or a number is not finite.
std::vector<float> storedFloats(const Value& value);

}  // namespace qat
