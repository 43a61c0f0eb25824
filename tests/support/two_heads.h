// A detector with two heads, as small as one can be, in a run folder that every command opens.
#pragma once

#include <ATen/ATen.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace qat::test {

// The six classes of the drawn shapes, one level of stride 32 and so four anchors of a 64 x 64 picture. Whatever the
// picture shows, both heads give all anchors the same box and class 0 the same score, those of one2one 0.9 and of
// one2many 0.8: the first finds four objects, the second one, because suppression takes the others.
inline Graph twoHeadedDetector() {
    Graph graph;
    graph.info.architecture = "yolov8", graph.info.variant = "n";
    graph.info.numClasses = 6, graph.info.classNames = {"disc", "ring", "square", "triangle", "cross", "star"};
    graph.info.strides = {32}, graph.info.regMax = 1, graph.info.head = kOneToOne;
    const ValueId images = graph.addInput("images", {1, 3, 64, 64});
    const auto head = [&](const std::string& name, ValueId from, float score) {
        constexpr int64_t kChannels = 10;
        const ValueId weight = graph.addParameter(
            name + ".weight", std::make_shared<at::Tensor>(at::full({kChannels, 3, 1, 1}, 1e-6)), {kChannels, 3, 1, 1});
        const at::Tensor values = at::tensor(std::vector<float>{32, 32, 20, 20, score, 0, 0, 0, 0, 0});
        const ValueId bias = graph.addParameter(name + ".bias", std::make_shared<at::Tensor>(values), {kChannels});
        const NodeId conv = graph.addNode(name, Conv2d{.stride = {32, 32}}, {from, weight, bias});
        graph.node(conv).role = NodeRole::HeadLast;
        const ValueId map = graph.node(conv).outputs.front();
        return std::array{map, graph.add(name + ".flat", Reshape{{0, kChannels, -1}}, {map})};
    };
    const auto many = head("cv", images, 0.8f);
    const auto one = head("one2one_cv", graph.add("detach", Detach{}, {images}), 0.9f);
    graph.setOutput("head.0", one[0], OutputRole::RawHead), graph.setOutput("decoded", one[1], OutputRole::Decoded);
    graph.setOutput("other.head.0", many[0], OutputRole::OtherRawHead);
    graph.setOutput("other.decoded", many[1], OutputRole::OtherDecoded);
    return graph;
}

}  // namespace qat::test
