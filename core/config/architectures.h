// The names by which configurations, command lines and files know the families of networks. What a family is stands in
// models/family.h.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace qat {

// A member is called by both names together: yolov8n, yolov3-tinyu.
struct Architecture {
    std::string_view name;   // yolov8
    std::string_view title;  // YOLOv8
    std::span<const std::string_view> variants;
};

inline constexpr std::array<std::string_view, 3> kYolov3Variants{"u", "-tinyu", "-sppu"};
inline constexpr std::array<std::string_view, 10> kYolov5Variants{"n",  "s",  "m",  "l",  "x",
                                                                  "nu", "su", "mu", "lu", "xu"};
inline constexpr std::array<std::string_view, 5> kYolov8Variants{"n", "s", "m", "l", "x"};
inline constexpr std::array<std::string_view, 5> kYolov9Variants{"t", "s", "m", "c", "e"};
inline constexpr std::array<std::string_view, 6> kYolov10Variants{"n", "s", "m", "b", "l", "x"};

inline constexpr Architecture kYolov3{"yolov3", "YOLOv3", kYolov3Variants};
inline constexpr Architecture kYolov5{"yolov5", "YOLOv5", kYolov5Variants};
inline constexpr Architecture kYolov8{"yolov8", "YOLOv8", kYolov8Variants};
inline constexpr Architecture kYolov9{"yolov9", "YOLOv9", kYolov9Variants};
inline constexpr Architecture kYolov10{"yolov10", "YOLOv10", kYolov10Variants};
inline constexpr Architecture kYolo11{"yolo11", "YOLO11", kYolov8Variants};
inline constexpr Architecture kYolo12{"yolo12", "YOLO12", kYolov8Variants};
inline constexpr Architecture kYolo26{"yolo26", "YOLO26", kYolov8Variants};

// The first one is what configurations start with.
inline constexpr std::array kArchitectures{kYolov8, kYolo11, kYolo26, kYolo12, kYolov10, kYolov9, kYolov5, kYolov3};

}  // namespace qat
