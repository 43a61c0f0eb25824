// A detected or labelled object, the currency between evaluation, run folders and the window.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace qat {

// x1, y1, x2, y2 in pixels; of which image is said where boxes are produced.
using Box = std::array<float, 4>;

struct Detection {
    Box box{};
    float score = 0;  // 0..1
    int32_t classIndex = 0;
    bool operator==(const Detection&) const = default;
};

struct LabelBox {
    Box box{};
    int32_t classIndex = 0;
    bool operator==(const LabelBox&) const = default;
};

// The name of a class, its number where it has none.
inline std::string classNameIn(const std::vector<std::string>& names, int32_t index) {
    return index >= 0 && static_cast<size_t>(index) < names.size() ? names[static_cast<size_t>(index)]
                                                                   : std::to_string(index);
}

}  // namespace qat
