// What a checkpoint must have to be a YOLOv8 detector, and sentences for all others.
#include "session/detector_file.h"

#include <ATen/core/Tensor.h>

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "models/known_models.h"
#include "models/weights.h"

namespace qat {
namespace {

constexpr int64_t kMostClasses = 100000;
constexpr const char* kReadable = "of the detectors YOLOv8 (n, s, m, l, x) can be read";
constexpr const char* kFirstLayer = "model.0.conv.weight";
constexpr const char* kClassLayer = "model.22.cv3.0.2.weight";

std::vector<std::string_view> namesOf(const Checkpoint& checkpoint) {
    std::vector<std::string_view> names;
    for (const NamedTensor& entry : checkpoint.tensors) names.push_back(entry.name);
    return names;
}

bool isConvolution(const NamedTensor* weight) {
    return weight && weight->tensor->dim() == 4;
}

void requireDetector(const Checkpoint& checkpoint, const std::string& source) {
    const std::string other = otherModel(namesOf(checkpoint), checkpoint.moduleClass);
    require(other.empty(), ErrorKind::BadInput, source, ": it holds ", other, "; ", kReadable);
    const bool detector = isConvolution(checkpoint.find(kFirstLayer)) && isConvolution(checkpoint.find(kClassLayer));
    require(detector, ErrorKind::BadInput, source, ": it holds no YOLOv8 detector, since its ",
            checkpoint.tensors.size(), " tensors (", checkpoint.tensors.front().name, ", ...) have no ",
            isConvolution(checkpoint.find(kFirstLayer)) ? kClassLayer : kFirstLayer, "; ", kReadable);
}

}  // namespace

void takeOffPrefix(Checkpoint& checkpoint, const std::string& source) {
    const std::string prefix = aboutFile(source, [&] { return detectorPrefix(namesOf(checkpoint)); });
    if (prefix == "model.") return;
    for (NamedTensor& entry : checkpoint.tensors)
        if (entry.name.starts_with(prefix)) entry.name = "model." + entry.name.substr(prefix.size());
}

// The five scales differ in the first layer's channels.
std::string variantOf(const Checkpoint& checkpoint, const std::string& source) {
    requireDetector(checkpoint, source);
    const int64_t first = checkpoint.find(kFirstLayer)->tensor->size(0);
    constexpr std::array<std::pair<int64_t, const char*>, 5> kWidths{
        {{16, "n"}, {32, "s"}, {48, "m"}, {64, "l"}, {80, "x"}}};
    for (const auto& [channels, variant] : kWidths)
        if (first == channels) return variant;
    fail(ErrorKind::BadInput, source, ": no YOLOv8 variant starts with ", first, " channels");
}

int64_t classesOf(const Checkpoint& checkpoint, const std::string& source) {
    requireDetector(checkpoint, source);
    const int64_t classes = checkpoint.find(kClassLayer)->tensor->size(0);
    require(classes >= 1 && classes <= kMostClasses, ErrorKind::BadInput, source, ": a detector cannot have ", classes,
            " classes (rows of ", kClassLayer, "), only 1 to ", kMostClasses);
    return classes;
}

void requireSound(const Graph& graph, const std::string& source) {
    const std::vector<std::string> unsound = unsoundValues(graph);
    if (unsound.empty()) return;
    const size_t others = unsound.size() - 1;
    fail(
        ErrorKind::BadInput, source, ": ", unsound.front(),
        others > 0 ? str(", and ", others, others == 1 ? " more tensor is like it" : " more tensors are like it") : "");
}

}  // namespace qat
