#include "session/input_size.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "config/image_size.h"
#include "models/family.h"
#include "run/executor.h"

namespace qat {
namespace {

constexpr int kDetectorSide = 640;
constexpr int64_t kProbed = 8;  // times the step: maps of that side can be cut into 4, 16 or 64 areas

// Into how many areas a node cuts the places of a map; 1: none.
int64_t areasOf(const Node& node) {
    const auto* reshape = std::get_if<Reshape>(&node.op);
    return reshape && reshape->shape.size() == 5 && reshape->shape.back() == -1 ? reshape->shape[3] : 1;
}

// The smallest number whose square, and so every product of two of its multiples, consists of so many equal parts.
int64_t rootOfMultiple(int64_t parts) {
    int64_t root = 1;
    while (root * root % parts != 0) ++root;
    return root;
}

// Of a network whose last layers read all of a map; 0 of others.
int onlySide(const Graph& graph) {
    if (graph.info.architecture == kCnv.name) return 32;
    const bool wholeMap = graph.info.architecture == kVgg.name && graph.findNode("classifier.0");
    return wholeMap ? 224 : 0;
}

}  // namespace

int sideStep(const Graph& graph) {
    const auto& strides = graph.info.strides;
    int64_t step = std::max<int64_t>(strides.empty() ? 0 : *std::ranges::max_element(strides), kImageSizeStep);
    const auto cuts = [&](NodeId id) { return areasOf(graph.node(id)) > 1; };
    if (std::ranges::none_of(graph.order(), cuts)) return static_cast<int>(step);
    Graph probed = graph.clone(false);
    const int64_t side = kProbed * step;
    probeShapes(probed, {1, 3, side, side});
    for (const NodeId id : probed.order())
        if (cuts(id)) {
            const int64_t stride = side / probed.value(probed.node(id).inputs.front()).shape.at(2);
            step = std::lcm(step, stride * rootOfMultiple(areasOf(probed.node(id))));
        }
    return static_cast<int>(step);
}

int usualImageSize(const Graph& graph) {
    const bool classifies = graph.info.task == kClassification.name;
    return classifies ? static_cast<int>(graph.value(graph.inputs().front()).shape.at(2)) : kDetectorSide;
}

void requireImageSize(const Graph& graph, int side, std::string_view key) {
    const int only = onlySide(graph);
    require(only == 0 || side == only, ErrorKind::BadInput, key, " is ", side, ", but ", titleOf(graph.info),
            " takes pictures of ", only, " pixels only");
    const int step = sideStep(graph);
    require(side % step == 0, ErrorKind::BadInput, key, " is ", side, ", but ", titleOf(graph.info),
            " takes multiples of ", step, ": ", (side + step - 1) / step * step, " would do");
}

}  // namespace qat
