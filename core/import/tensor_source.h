// From raw stored elements, contiguous or strided, to tensors of ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "graph/types.h"
#include "import/element.h"

namespace qat {

// Where a tensor lies: element i of it is elements[offset + sum of i_k * strides_k].
struct StridedElements {
    StoredType type = StoredType::Float32;
    std::span<const std::byte> bytes;  // of the whole storage
    int64_t offset = 0;                // in elements
    Shape shape, strides;              // of the same length
};

// The product of the sizes. Throws Error{BadInput} if a size is negative, the product exceeds `most`, or there are
// more than 16 dimensions.
int64_t checkedElementCount(const Shape& shape, int64_t most);

// Strides of a row-major tensor.
Shape contiguousStrides(const Shape& shape);

// Reads the elements into a new contiguous tensor: float32 for floating types, int64 for the others. Throws
// Error{BadInput} if a stride is negative, an element lies outside the storage, or there are more than `most` of them.
TensorPtr readTensor(const StridedElements& source, int64_t most);

}  // namespace qat
