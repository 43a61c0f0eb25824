// Pictures that two data sets have in common, whatever they are called.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace qat {

struct SharedImage {
    int64_t first = 0, second = 0;  // indices in the two sets
    bool sameFile = false;          // the same bytes; else only the same pixels
};

// For each of `chosen` in `first` that is also among the first `limit` pictures of `second` (0: all of them), the
// lowest index there; in the order of `chosen`. Bytes are compared first, and only between files of one size; pixels
// between pictures of one shape that agree at 64 places, by SHA-256. Throws Error{BadInput} if a picture cannot be
// read.
std::vector<SharedImage> sharedImages(const Dataset& first, const std::vector<int64_t>& chosen, const Dataset& second,
                                      int64_t limit);

}  // namespace qat
