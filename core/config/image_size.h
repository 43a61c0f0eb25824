// The sizes of a network's input that can be computed, and what becomes of the others.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace qat {

inline constexpr int kSmallestImageSize = 32, kLargestImageSize = 4096;
inline constexpr int kImageSizeStep =
    32;  // pixels: the coarsest map of the detector family halves the input five times

struct ImageSize {
    int pixels = 0;      // a multiple of the step
    std::string notice;  // a sentence that names the key or option, if this is not what was asked for
};

// The side that is used where `asked` is wanted: the next multiple of the step. `key` is what the user wrote it under.
// Throws Error{BadInput} naming it for sizes outside the limits.
inline ImageSize fittingImageSize(int asked, std::string_view key) {
    require(asked >= kSmallestImageSize && asked <= kLargestImageSize, ErrorKind::BadInput, key, " is ", asked,
            ", expected from ", kSmallestImageSize, " to ", kLargestImageSize);
    const int pixels = (asked + kImageSizeStep - 1) / kImageSizeStep * kImageSizeStep;
    if (pixels == asked) return {asked, ""};
    return {pixels,
            str(key, " is ", asked, ", which is no multiple of ", kImageSizeStep, ", so ", pixels, " is taken")};
}

}  // namespace qat
