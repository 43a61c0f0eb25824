// Layers of every kind in a few lines each.
#include "export/detector_sketch.h"

#include <cmath>

namespace qat::test {

Graph detector(int64_t weightBits, int64_t bits, ActivationKind activation) {
    const int64_t most = (int64_t{1} << bits) - 1;
    const float step = 4.f / static_cast<float>(most);
    Sketch sketch({1, 3, 32, 32});
    Graph& graph = sketch.graph;
    ValueId x = sketch.input();
    const auto quantize = [&](const std::string& name, ValueId value, float scale) {
        return bits == 0
                   ? value
                   : sketch.quantize(name + "_quant", value,
                                     sketch.range(name, scale, std::rint(static_cast<float>(most) / 4), bits, 0, most));
    };
    const auto layer = [&](const std::string& name, ValueId value, Sketch::ConvPlan plan) {
        plan.weightBits = weightBits;
        return graph.add(name + ".act", Activation{activation}, {sketch.conv(name + ".conv", value, plan)});
    };
    x = quantize("input", x, step);
    x = quantize("a", layer("a", x, {.out = 8, .stride = 2}), step);
    const std::vector<ValueId> parts = graph.node(graph.addNode("split", Split{1, {4, 4}}, {x}, 2)).outputs;
    const Range group = sketch.range("group", step, std::rint(static_cast<float>(most) / 4), bits, 0, most);
    const auto member = [&](const std::string& name, ValueId value) {
        return bits == 0 ? value : sketch.quantize(name + "_quant", value, group);
    };
    ValueId y = member("b", layer("b", parts[1], {.in = 4, .groups = 4}));
    y = member("add", graph.add("add", Binary{BinaryKind::Add}, {y, member("skip", parts[0])}));
    const ValueId pooled = graph.add("pool", Pool{PoolKind::Max, {5, 5}, {1, 1}, {2, 2}}, {y});
    const ValueId joined = graph.add("cat", Concat{1}, {y, pooled, member("rest", parts[1])});
    x = quantize("c", layer("c", graph.add("up", Resize{2}, {joined}), {.in = 12, .out = 8, .kernel = 1}), step);
    graph.setOutput("features", x);
    x = sketch.conv("head", x, {.in = 8, .out = 6, .weightBits = weightBits});
    graph.setOutput("raw", x);
    const ValueId points = graph.node(graph.addNode("anchors", AnchorPoints{{8}}, {x}, 2)).outputs[0];
    const ValueId boxes = graph.add("boxes", Slice{1, 0, 2}, {graph.add("flat", Reshape{{0, 6, -1}}, {x})});
    const ValueId soft = graph.add("soft", Softmax{1}, {graph.add("turn", Permute{{0, 2, 1}}, {boxes})});
    const ValueId turned = graph.add("back", Permute{{0, 2, 1}}, {soft});
    return sketch.finish("boxes", graph.add("decode", Binary{BinaryKind::Sub}, {points, turned}), OutputRole::None);
}

}  // namespace qat::test
