// Checks where elements lie, gathers them if they are scattered, and converts them straight into the new tensor.
#include "import/tensor_source.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace qat {
namespace {

constexpr size_t kMostDimensions = 16;

// The number of elements, after checking that every one of them is inside the storage.
int64_t checkPlace(const StridedElements& source, int64_t most) {
    const int64_t count = checkedElementCount(source.shape, most);
    require(source.strides.size() == source.shape.size(), ErrorKind::BadInput, source.strides.size(), " strides for ",
            source.shape.size(), " dimensions");
    require(source.offset >= 0, ErrorKind::BadInput, "the offset ", source.offset, " is negative");
    const auto stored = static_cast<int64_t>(source.bytes.size() / elementBytes(source.type));
    int64_t last = source.offset;
    for (size_t k = 0; k < source.shape.size(); ++k) {
        require(source.strides[k] >= 0, ErrorKind::BadInput, "the stride ", source.strides[k], " is negative");
        int64_t reach = 0;
        const int64_t steps = source.shape[k] > 0 ? source.shape[k] - 1 : 0;
        const bool overflow =
            __builtin_mul_overflow(steps, source.strides[k], &reach) || __builtin_add_overflow(last, reach, &last);
        require(!overflow, ErrorKind::BadInput, "its strides overflow");
    }
    require(count == 0 || last < stored, ErrorKind::BadInput, "its last element is number ", last,
            " of a storage that has ", stored);
    return count;
}

// Copies the elements in row-major order of the indices.
std::vector<std::byte> gather(const StridedElements& source, int64_t count) {
    const size_t width = elementBytes(source.type), rank = source.shape.size();
    std::vector<std::byte> result(static_cast<size_t>(count) * width);
    std::vector<int64_t> index(rank, 0);
    // Unsigned, because the stride of a dimension of size 1 is never checked and may be anything.
    auto at = static_cast<uint64_t>(source.offset);
    for (size_t done = 0; done < result.size(); done += width) {
        std::memcpy(result.data() + done, source.bytes.data() + at * width, width);
        for (size_t k = rank; k-- > 0;) {
            at += static_cast<uint64_t>(source.strides[k]);
            if (++index[k] < source.shape[k]) break;
            at -= static_cast<uint64_t>(source.strides[k]) * static_cast<uint64_t>(source.shape[k]);
            index[k] = 0;
        }
    }
    return result;
}

bool isContiguous(const StridedElements& source) {
    int64_t expected = 1;
    for (size_t k = source.shape.size(); k-- > 0;) {
        if (source.shape[k] != 1 && source.strides[k] != expected) return false;
        expected *= source.shape[k];
    }
    return true;
}

}  // namespace

int64_t checkedElementCount(const Shape& shape, int64_t most) {
    require(shape.size() <= kMostDimensions, ErrorKind::BadInput, shape.size(), " dimensions are more than the ",
            kMostDimensions, " we read");
    int64_t extent = 1;  // the product with every 0 taken as 1, so that strides cannot overflow either
    bool empty = false;
    for (const int64_t size : shape) {
        require(size >= 0, ErrorKind::BadInput, "the size ", size, " is negative");
        empty = empty || size == 0;
        const bool overflow = __builtin_mul_overflow(extent, std::max<int64_t>(size, 1), &extent);
        require(!overflow && extent <= most, ErrorKind::BadInput, "it has more elements than the file can hold");
    }
    return empty ? 0 : extent;
}

Shape contiguousStrides(const Shape& shape) {
    Shape strides(shape.size(), 1);
    for (size_t k = shape.size(); k-- > 1;) strides[k - 1] = strides[k] * shape[k];
    return strides;
}

TensorPtr readTensor(const StridedElements& source, int64_t most) {
    const int64_t count = checkPlace(source, most);
    std::vector<std::byte> gathered;
    const std::byte* from = nullptr;
    if (count > 0 && isContiguous(source)) {
        from = source.bytes.data() + static_cast<size_t>(source.offset) * elementBytes(source.type);
    } else if (count > 0) {
        gathered = gather(source, count);
        from = gathered.data();
    }
    const bool floating = isFloating(source.type);
    at::Tensor tensor = at::empty(source.shape, floating ? at::kFloat : at::kLong);
    if (floating)
        convertToFloat(source.type, from, static_cast<size_t>(count), tensor.data_ptr<float>());
    else
        convertToInt64(source.type, from, static_cast<size_t>(count), tensor.data_ptr<int64_t>());
    return std::make_shared<at::Tensor>(std::move(tensor));
}

}  // namespace qat
