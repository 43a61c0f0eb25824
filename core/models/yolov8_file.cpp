#include "models/yolov8_file.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"

namespace qat {
namespace {

constexpr int64_t kMostClasses = 100000;
constexpr const char* kFirstLayer = "model.0.conv.weight";
constexpr const char* kClassLayer = "model.22.cv3.0.2.weight";

// Null unless it is a convolution's weight.
const at::Tensor* convolution(const NamedTensors& tensors, std::string_view name) {
    const auto found = std::ranges::find(tensors, name, &NamedTensors::value_type::first);
    return found != tensors.end() && found->second->dim() == 4 ? found->second.get() : nullptr;
}

std::string variantOf(int64_t firstChannels) {
    constexpr std::array<int64_t, kYolov8Variants.size()> kWidths{16, 32, 48, 64, 80};
    const auto found = std::ranges::find(kWidths, firstChannels);
    require(found != kWidths.end(), ErrorKind::BadInput, "no YOLOv8 variant starts with ", firstChannels, " channels");
    return std::string(kYolov8Variants[static_cast<size_t>(found - kWidths.begin())]);
}

}  // namespace

Recognition recogniseYolov8(const NamedTensors& tensors) {
    const at::Tensor *first = convolution(tensors, kFirstLayer), *last = convolution(tensors, kClassLayer);
    if (!first || !last) return {std::nullopt, first ? kClassLayer : kFirstLayer};
    const std::string variant = variantOf(first->size(0));
    const int64_t classes = last->size(0);
    require(classes >= 1 && classes <= kMostClasses, ErrorKind::BadInput, "a detector cannot have ", classes,
            " classes (rows of ", kClassLayer, "), only 1 to ", kMostClasses);
    return {FamilySpec{variant, classes}, ""};
}

}  // namespace qat
