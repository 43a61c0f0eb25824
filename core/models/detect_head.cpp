// Head construction. Per level the raw map is concat(box logits [4 regMax], class logits); decoding flattens the
// levels, takes the expectation over each side's regMax bins and turns distances from the anchor point into boxes.
#include "models/detect_head.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"

namespace qat {
namespace {

// Prior of a class score: 5 objects an image of 640 pixels, spread over the classes and cells (Ultralytics' start).
float classBias(int64_t classes, int64_t stride) {
    const double cells = 640.0 / static_cast<double>(stride);
    return static_cast<float>(std::log(5.0 / static_cast<double>(classes) / (cells * cells)));
}

// Distances [N,4,A] in grid units from [N, 4 regMax, A] logits: softmax over the bins, then their expectation, written
// as the frozen 1x1 convolution that the state dict carries.
ValueId expectation(Graph& graph, const std::string& name, ValueId logits) {
    const int64_t bins = graph.info.regMax;
    ValueId x = graph.add(name + ".bins", Reshape{{0, 4, bins, -1}}, {logits});
    x = graph.add(name + ".transpose", Permute{{0, 2, 1, 3}}, {x});
    x = graph.add(name + ".softmax", Softmax{1}, {x});
    const auto weights = std::make_shared<at::Tensor>(at::arange(bins, at::kFloat).reshape({1, bins, 1, 1}));
    x = graph.add(name + ".conv", Conv2d{}, {x, graph.addBuffer(name + ".conv.weight", weights, {1, bins, 1, 1})});
    return graph.add(name + ".sides", Reshape{{0, 4, -1}}, {x});
}

// Boxes [N,4,A] as centre x, y, width, height in input pixels.
ValueId decodeBoxes(Graph& graph, const std::string& name, ValueId distances, const std::vector<ValueId>& maps) {
    const NodeId anchors = graph.addNode(name + ".anchors", AnchorPoints{graph.info.strides}, maps, 2);
    const ValueId points = graph.node(anchors).outputs[0], strides = graph.node(anchors).outputs[1];
    const NodeId sides = graph.addNode(name + ".lt_rb", Split{1, {2, 2}}, {distances}, 2);
    const ValueId low = graph.add(name + ".low", Binary{BinaryKind::Sub}, {points, graph.node(sides).outputs[0]});
    const ValueId high = graph.add(name + ".high", Binary{BinaryKind::Add}, {points, graph.node(sides).outputs[1]});
    const ValueId sum = graph.add(name + ".sum", Binary{BinaryKind::Add}, {low, high});
    const ValueId two = graph.addBuffer(name + ".two", std::make_shared<at::Tensor>(at::full({1}, 2.0f)), {1});
    const ValueId centre = graph.add(name + ".centre", Binary{BinaryKind::Div}, {sum, two});
    const ValueId size = graph.add(name + ".size", Binary{BinaryKind::Sub}, {high, low});
    const ValueId boxes = graph.add(name + ".boxes", Concat{1}, {centre, size});
    return graph.add(name + ".pixels", Binary{BinaryKind::Mul}, {boxes, strides});
}

}  // namespace

void addDetectHead(Graph& graph, ModuleBuilder& builder, const std::string& name,
                   const std::vector<ValueId>& features) {
    const ModelInfo& info = graph.info;
    const int64_t first = builder.channels(features.front());
    const int64_t boxWidth = std::max<int64_t>({16, first / 4, 4 * info.regMax});
    const int64_t classWidth = std::max(first, std::min<int64_t>(info.numClasses, 100));
    std::vector<ValueId> maps, flat;
    for (size_t level = 0; level < features.size(); ++level) {
        const auto branch = [&](const char* kind, int64_t width, int64_t outputs, float bias) {
            const std::string prefix = str(name, ".", kind, ".", level);
            ValueId x = builder.conv(prefix + ".0", features[level], width, 3);
            x = builder.conv(prefix + ".1", x, width, 3);
            return builder.convWithBias(prefix + ".2", x, outputs, 1, bias);
        };
        const ValueId box = branch("cv2", boxWidth, 4 * info.regMax, 1.0f);
        const ValueId cls = branch("cv3", classWidth, info.numClasses, classBias(info.numClasses, info.strides[level]));
        maps.push_back(graph.add(str(name, ".cat.", level), Concat{1}, {box, cls}));
        graph.setOutput(str("head.", level), maps.back());
    }
    for (size_t level = 0; level < maps.size(); ++level)
        flat.push_back(
            graph.add(str(name, ".flat.", level), Reshape{{0, 4 * info.regMax + info.numClasses, -1}}, {maps[level]}));
    const ValueId all = graph.add(name + ".levels", Concat{2}, flat);
    const NodeId parts = graph.addNode(name + ".split", Split{1, {4 * info.regMax, info.numClasses}}, {all}, 2);
    const ValueId distances = expectation(graph, name + ".dfl", graph.node(parts).outputs[0]);
    const ValueId boxes = decodeBoxes(graph, name, distances, maps);
    const ValueId scores =
        graph.add(name + ".scores", Activation{ActivationKind::Sigmoid}, {graph.node(parts).outputs[1]});
    graph.setOutput("decoded", graph.add(name + ".decoded", Concat{1}, {boxes, scores}));
}

}  // namespace qat
