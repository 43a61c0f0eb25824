// The names by which configurations, command lines and files know the families of networks. What a family is stands in
// models/family.h.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace qat {

// A member is called by both names together: yolov8n, yolov3-tinyu, resnet20; cnv, which has one member.
struct Architecture {
    std::string_view name;   // yolov8
    std::string_view title;  // YOLOv8
    std::span<const std::string_view> variants;
    bool classifies = false;  // all of its members
};

inline constexpr std::array<std::string_view, 3> kYolov3Variants{"u", "-tinyu", "-sppu"};
inline constexpr std::array<std::string_view, 10> kYolov5Variants{"n",  "s",  "m",  "l",  "x",
                                                                  "nu", "su", "mu", "lu", "xu"};
// What members make beside boxes stands after a dash: masks, key points, angles; or instead of them: a class.
inline constexpr std::array<std::string_view, 25> kYolov8Variants{
    "n",     "s",      "m",      "l",      "x",      "n-seg",  "s-seg", "m-seg", "l-seg",
    "x-seg", "n-pose", "s-pose", "m-pose", "l-pose", "x-pose", "n-obb", "s-obb", "m-obb",
    "l-obb", "x-obb",  "n-cls",  "s-cls",  "m-cls",  "l-cls",  "x-cls"};
inline constexpr std::array<std::string_view, 5> kYolo12Variants{"n", "s", "m", "l", "x"};
inline constexpr std::array<std::string_view, 5> kYolov9Variants{"t", "s", "m", "c", "e"};
inline constexpr std::array<std::string_view, 6> kYolov10Variants{"n", "s", "m", "b", "l", "x"};

// The first ones are those for pictures of 32 pixels as they are published, with fewer and narrower layers.
inline constexpr std::array<std::string_view, 10> kResnetVariants{"20", "32", "44", "56",  "110",
                                                                  "18", "34", "50", "101", "152"};
inline constexpr std::array<std::string_view, 8> kVggVariants{"11",    "13",    "16",    "19",
                                                              "11_bn", "13_bn", "16_bn", "19_bn"};
inline constexpr std::array<std::string_view, 1> kOnlyVariant{""};

inline constexpr Architecture kYolov3{"yolov3", "YOLOv3", kYolov3Variants};
inline constexpr Architecture kYolov5{"yolov5", "YOLOv5", kYolov5Variants};
inline constexpr Architecture kYolov8{"yolov8", "YOLOv8", kYolov8Variants};
inline constexpr Architecture kYolov9{"yolov9", "YOLOv9", kYolov9Variants};
inline constexpr Architecture kYolov10{"yolov10", "YOLOv10", kYolov10Variants};
inline constexpr Architecture kYolo11{"yolo11", "YOLO11", kYolov8Variants};
inline constexpr Architecture kYolo12{"yolo12", "YOLO12", kYolo12Variants};
inline constexpr Architecture kYolo26{"yolo26", "YOLO26", kYolov8Variants};
inline constexpr Architecture kResnet{"resnet", "ResNet", kResnetVariants, true};
inline constexpr Architecture kVgg{"vgg", "VGG", kVggVariants, true};
inline constexpr Architecture kMobilenetv1{"mobilenetv1", "MobileNetV1", kOnlyVariant, true};
inline constexpr Architecture kCnv{"cnv", "CNV", kOnlyVariant, true};

// "seg", "pose", "obb" or "cls" of a variant with that after its size; empty of others.
constexpr std::string_view variantTask(std::string_view variant) {
    for (const std::string_view task : {"-seg", "-pose", "-obb", "-cls"})
        if (variant.ends_with(task)) return task.substr(1);
    return {};
}

// The variant without that.
constexpr std::string_view variantSize(std::string_view variant) {
    const std::string_view task = variantTask(variant);
    return task.empty() ? variant : variant.substr(0, variant.size() - task.size() - 1);
}

// The first one is what configurations start with.
inline constexpr std::array kArchitectures{kYolov8, kYolo11, kYolo26, kYolo12, kYolov10,     kYolov9,
                                           kYolov5, kYolov3, kResnet, kVgg,    kMobilenetv1, kCnv};

// Whether a member tells what a picture shows, and not where.
constexpr bool isClassifier(const Architecture& family, std::string_view variant) {
    return family.classifies || variantTask(variant) == "cls";
}

// Before the name of a member: the same network with the quantizers of its family's reference
// (models/reference_quantizers.h).
inline constexpr std::string_view kQuantizedTwin = "quant_";

// Up to this side, in pixels, pictures are small ones: networks for large pictures then begin without halving them.
inline constexpr int kSmallPicture = 64;

// The side of the pictures that a member is made for, where nobody says another.
constexpr int usualSide(const Architecture& family, std::string_view variant) {
    const bool small = family.name == kCnv.name ||
                       (family.name == kResnet.name &&
                        (variant == "20" || variant == "32" || variant == "44" || variant == "56" || variant == "110"));
    return !isClassifier(family, variant) ? 640 : small ? 32 : 224;
}

}  // namespace qat
