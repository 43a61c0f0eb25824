// The names by which configurations, command lines and files know the families of networks. What a family is stands in
// models/family.h.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace qat {

struct Architecture {
    std::string_view name;   // yolov8
    std::string_view title;  // YOLOv8
    std::span<const std::string_view> variants;
};

inline constexpr std::array<std::string_view, 5> kYolov8Variants{"n", "s", "m", "l", "x"};
inline constexpr Architecture kYolov8{"yolov8", "YOLOv8", kYolov8Variants};

inline constexpr std::array kArchitectures{kYolov8};

}  // namespace qat
