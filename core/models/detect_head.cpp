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
    const ValueId weight = graph.addBuffer(name + ".conv.weight", weights, {1, bins, 1, 1});
    const NodeId conv = graph.addNode(name + ".conv", Conv2d{}, {x, weight});
    graph.node(conv).role = NodeRole::Projection;
    x = graph.node(conv).outputs.front();
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
    const ValueId two = graph.addConstant(name + ".two", {2.0f});
    const ValueId centre = graph.add(name + ".centre", Binary{BinaryKind::Div}, {sum, two});
    const ValueId size = graph.add(name + ".size", Binary{BinaryKind::Sub}, {high, low});
    const ValueId boxes = graph.add(name + ".boxes", Concat{1}, {centre, size});
    return graph.add(name + ".pixels", Binary{BinaryKind::Mul}, {boxes, strides});
}

}  // namespace

namespace {

// Box and class logits of one level, and the raw map that joins them.
class Levels {
public:
    Levels(Graph& graph, ModuleBuilder& builder, const std::string& name, ValueId firstFeature)
        : m_graph(graph), m_builder(builder), m_name(name) {
        const ModelInfo& info = graph.info;
        const int64_t first = builder.channels(firstFeature);
        m_boxWidth = std::max<int64_t>({16, first / 4, 4 * info.regMax});
        m_classWidth = std::max(first, std::min<int64_t>(info.numClasses, 100));
    }

    ValueId rawMap(size_t level, ValueId feature) {
        const ModelInfo& info = m_graph.info;
        const ValueId box = branch(str("cv2.", level), feature, m_boxWidth, 4 * info.regMax, 1.0f);
        const ValueId cls = branch(str("cv3.", level), feature, m_classWidth, info.numClasses,
                                   classBias(info.numClasses, info.strides[level]));
        return m_graph.add(str(m_name, ".cat.", level), Concat{1}, {box, cls});
    }

private:
    ValueId branch(const std::string& name, ValueId x, int64_t width, int64_t outputs, float bias) {
        const std::string prefix = str(m_name, ".", name);
        x = m_builder.conv(prefix + ".0", x, width, 3);
        x = m_builder.conv(prefix + ".1", x, width, 3);
        x = m_builder.convWithBias(prefix + ".2", x, outputs, 1, bias);
        m_graph.node(m_graph.order().back()).role = NodeRole::HeadLast;
        return x;
    }

    Graph& m_graph;
    ModuleBuilder& m_builder;
    const std::string& m_name;
    int64_t m_boxWidth, m_classWidth;
};

// Boxes and scores of all levels.
ValueId decode(Graph& graph, const std::string& name, const std::vector<ValueId>& maps) {
    const int64_t sides = 4 * graph.info.regMax, classes = graph.info.numClasses;
    std::vector<ValueId> flat;
    for (size_t level = 0; level < maps.size(); ++level)
        flat.push_back(graph.add(str(name, ".flat.", level), Reshape{{0, sides + classes, -1}}, {maps[level]}));
    const ValueId all = graph.add(name + ".levels", Concat{2}, flat);
    const NodeId parts = graph.addNode(name + ".split", Split{1, {sides, classes}}, {all}, 2);
    const ValueId distances = expectation(graph, name + ".dfl", graph.node(parts).outputs[0]);
    const ValueId boxes = decodeBoxes(graph, name, distances, maps);
    const ValueId scores =
        graph.add(name + ".scores", Activation{ActivationKind::Sigmoid}, {graph.node(parts).outputs[1]});
    return graph.add(name + ".decoded", Concat{1}, {boxes, scores});
}

}  // namespace

void addDetectHead(Graph& graph, ModuleBuilder& builder, const std::string& name,
                   const std::vector<ValueId>& features) {
    const size_t before = graph.order().size();
    Levels levels(graph, builder, name, features.front());
    std::vector<ValueId> maps;
    for (size_t level = 0; level < features.size(); ++level) {
        maps.push_back(levels.rawMap(level, features[level]));
        graph.setOutput(str("head.", level), maps.back(), OutputRole::RawHead);
    }
    graph.setOutput("decoded", decode(graph, name, maps), OutputRole::Decoded);
    for (size_t i = before; i < graph.order().size(); ++i)
        if (NodeRole& role = graph.node(graph.order()[i]).role; role == NodeRole::None) role = NodeRole::Head;
    graph.aliases.push_back({name + ".", name + ".detect."});
}

}  // namespace qat
