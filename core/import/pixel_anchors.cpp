// YOLOv5's heads keep anchors divided by the stride of their level.
#include "import/pixel_anchors.h"

namespace qat {
namespace {

std::vector<double> listOf(const StoredModule& module, const char* name) {
    const auto found = module.lists.find(name);
    return found == module.lists.end() ? std::vector<double>() : found->second;
}

// A head without anchors may call its grid so: only one that counts them has some.
std::vector<double> anchorsOf(const StoredModule& module) {
    const auto perLevel = module.numbers.find("na");
    const std::vector<double> strides = listOf(module, "stride");
    std::vector<double> anchors = listOf(module, "anchors");
    if (perLevel == module.numbers.end() || strides.empty() || anchors.empty()) return {};
    if (static_cast<double>(anchors.size()) != perLevel->second * static_cast<double>(2 * strides.size())) return {};
    const size_t numbersPerLevel = anchors.size() / strides.size();
    for (size_t i = 0; i < anchors.size(); ++i) anchors[i] *= strides[i / numbersPerLevel];
    return anchors;
}

}  // namespace

std::vector<double> pixelAnchors(const std::vector<StoredModule>& modules) {
    for (const StoredModule& module : modules)
        if (std::vector<double> anchors = anchorsOf(module); !anchors.empty()) return anchors;
    return {};
}

}  // namespace qat
