// Per place and anchor: x = (2 sigmoid - 0.5 + column) stride, likewise y; width = (2 sigmoid)^2 anchor.
#include "models/anchor_head.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "models/detect_head.h"
#include "models/quant_modules.h"
#include "passes/hard_tanh_head.h"

namespace qat {
namespace {

struct AnchorLevel {
    std::string name;
    ValueId map;
    int64_t stride = 0, count = 0, classes = 0;
    std::vector<double> sizes;  // width, height by turns
};

ValueId binary(Graph& graph, const std::string& name, BinaryKind kind, ValueId x, ValueId y) {
    return graph.add(name, Binary{kind}, {x, y});
}

ValueId number(Graph& graph, const std::string& name, double value) {
    return graph.addConstant(name, {static_cast<float>(value)});
}

// Corners of the cells [1, 2, 1, places] in grid units, less the half that boxes begin before theirs.
ValueId cellOffsets(Graph& graph, const AnchorLevel& level) {
    const NodeId points = graph.addNode(level.name + ".anchors", AnchorPoints{{level.stride}}, {level.map}, 2);
    const ValueId shifted = binary(graph, level.name + ".corner", BinaryKind::Sub, graph.node(points).outputs[0],
                                   number(graph, level.name + ".one", 1));
    return graph.add(level.name + ".grid", Reshape{{1, 2, 1, -1}}, {shifted});
}

// Anchor sizes [1, 2, anchors, 1].
ValueId anchorSizes(Graph& graph, const AnchorLevel& level) {
    std::vector<float> numbers;
    for (const size_t side : {0u, 1u})
        for (size_t i = side; i < level.sizes.size(); i += 2) numbers.push_back(static_cast<float>(level.sizes[i]));
    const ValueId sizes = graph.addConstant(level.name + ".sizes", numbers);
    return graph.add(level.name + ".anchor_sizes", Reshape{{1, 2, level.count, 1}}, {sizes});
}

// [N, 4 + classes, anchors * places].
ValueId decodeLevel(Graph& graph, const AnchorLevel& level) {
    const std::string& name = level.name;
    const int64_t each = 5 + level.classes;
    ValueId x = graph.add(name + ".anchor", Reshape{{0, level.count, each, -1}}, {level.map});
    x = graph.add(name + ".turn", Permute{{0, 2, 1, 3}}, {x});
    x = graph.add(name + ".sigmoid", Activation{ActivationKind::Sigmoid}, {x});
    const NodeId node = graph.addNode(name + ".split", Split{1, {2, 2, 1, level.classes}}, {x}, 4);
    const std::vector<ValueId> parts = graph.node(node).outputs;
    const ValueId two = number(graph, name + ".two", 2),
                  stride = number(graph, name + ".stride", static_cast<double>(level.stride));
    ValueId centre = binary(graph, name + ".reach", BinaryKind::Mul, parts[0], two);
    centre = binary(graph, name + ".cell", BinaryKind::Add, centre, cellOffsets(graph, level));
    centre = binary(graph, name + ".centre", BinaryKind::Mul, centre, stride);
    const ValueId twice = binary(graph, name + ".twice", BinaryKind::Mul, parts[1], two);
    const ValueId square = binary(graph, name + ".square", BinaryKind::Mul, twice, twice);
    const ValueId size = binary(graph, name + ".size", BinaryKind::Mul, square, anchorSizes(graph, level));
    const ValueId scores = binary(graph, name + ".scores", BinaryKind::Mul, parts[3], parts[2]);
    const ValueId all = graph.add(name + ".cat", Concat{1}, {centre, size, scores});
    return graph.add(name + ".flat", Reshape{{0, 4 + level.classes, -1}}, {all});
}

// A box in 8 of an image of 640 pixels, and 0.6 of a class each (Ultralytics' start).
void startBiases(Graph& graph, const AnchorLevel& level) {
    const std::optional<ValueId> id = graph.findValue(level.name + ".bias");
    if (!id || !graph.value(*id).data) return;
    const double cells = 640.0 / static_cast<double>(level.stride);
    at::Tensor rows = graph.value(*id).data->view({level.count, 5 + level.classes});
    rows.select(1, 4).fill_(std::log(8 / (cells * cells)));
    rows.narrow(1, 5, level.classes).fill_(std::log(0.6 / (static_cast<double>(level.classes) - 0.99999)));
}

// The features themselves are the raw maps; the layers that make them are the head's last.
ValueId featureAsMap(Graph& graph, const ModuleBuilder& builder, const AnchorLevel& level, ValueId feature,
                     const AnchorHeadForm& form) {
    const int64_t wanted = level.count * (5 + level.classes);
    require(builder.channels(feature) == wanted, ErrorKind::BadInput, form.place, ": it reads a map of ",
            builder.channels(feature), " channels, and ", level.count, " anchors with ", level.classes,
            " classes need ", wanted);
    for (auto maker = graph.producer(feature); maker; maker = graph.producer(graph.node(*maker).inputs.front())) {
        Node& node = graph.node(*maker);
        const bool last = std::holds_alternative<Conv2d>(node.op);
        node.role = last ? NodeRole::HeadLast : NodeRole::Head;
        if (last || node.inputs.empty()) break;
    }
    return feature;
}

ValueId convolvedMap(Graph& graph, ModuleBuilder& builder, const AnchorLevel& level, ValueId feature,
                     const AnchorHeadForm& form) {
    const ValueId map = builder.convWithBias(level.name, feature, level.count * (5 + level.classes), 1, 0);
    graph.node(graph.order().back()).role = NodeRole::HeadLast;
    startBiases(graph, level);
    if (form.weightBits > 0) declareWeight(graph, level.name, form.weightBits, form.place);
    return form.hardTanh ? declaredHardTanh(graph, level.name, map, form.place) : map;
}

}  // namespace

void addAnchorHead(Graph& graph, ModuleBuilder& builder, const std::string& name, const std::vector<ValueId>& features,
                   const std::vector<std::vector<double>>& anchors, const AnchorHeadForm& form) {
    require(anchors.size() == features.size(), ErrorKind::BadInput, "there are anchors for ", anchors.size(),
            " levels, but the head reads ", features.size());
    const size_t first = graph.order().size();
    std::vector<ValueId> decoded;
    for (size_t i = 0; i < features.size(); ++i) {
        require(anchors[i].size() == anchors.front().size(), ErrorKind::BadInput, "level ", i, " has ",
                anchors[i].size() / 2, " anchors, the first ", anchors.front().size() / 2);
        AnchorLevel level{str(name, ".m.", i),   {},
                          graph.info.strides[i], static_cast<int64_t>(anchors[i].size() / 2),
                          graph.info.numClasses, anchors[i]};
        level.map = form.convs ? convolvedMap(graph, builder, level, features[i], form)
                               : featureAsMap(graph, builder, level, features[i], form);
        for (const double side : anchors[i]) graph.info.anchors.push_back(static_cast<float>(side));
        graph.setOutput(str("head.", i), level.map, OutputRole::RawHead);
        decoded.push_back(decodeLevel(graph, level));
        if (form.hardTanh) decodeHardTanh(graph, level.map);
    }
    graph.setOutput("decoded", graph.add(name + ".decoded", Concat{2}, decoded), OutputRole::Decoded);
    markHead(graph, name, first);
}

}  // namespace qat
