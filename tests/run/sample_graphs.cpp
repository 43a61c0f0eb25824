// The graphs.
#include "run/sample_graphs.h"

#include <ATen/ATen.h>

#include "support/tensors.h"

namespace qat::test {

ValueId randomParameter(Graph& graph, const std::string& name, const Shape& shape, uint64_t seed, double low,
                        double high) {
    return graph.addParameter(name, std::make_shared<at::Tensor>(randomTensor(shape, seed, low, high)), shape);
}

ValueId constantBuffer(Graph& graph, const std::string& name, float value) {
    return graph.addBuffer(name, std::make_shared<at::Tensor>(at::full({1}, value)), {1});
}

ValueId addNorm(Graph& graph, const std::string& name, ValueId x, int64_t channels, uint64_t seed) {
    const auto buffer = [&](const std::string& part, double low, double high) {
        const auto tensor = std::make_shared<at::Tensor>(randomTensor({channels}, ++seed, low, high));
        return graph.addBuffer(name + ".bn." + part, tensor, {channels});
    };
    const ValueId weight = randomParameter(graph, name + ".bn.weight", {channels}, ++seed, -1.5, 1.5);
    const ValueId bias = randomParameter(graph, name + ".bn.bias", {channels}, ++seed);
    return graph.add(name + ".bn", BatchNorm{},
                     {x, weight, bias, buffer("running_mean", -1, 1), buffer("running_var", 0.2, 2)});
}

ValueId addQuantizer(Graph& graph, const std::string& name, ValueId x, FakeQuantMode mode, float scale, float zeroPoint,
                     int64_t bits) {
    const ValueId s = mode == FakeQuantMode::Lsq
                          ? graph.addParameter(name + ".scale", std::make_shared<at::Tensor>(at::full({1}, scale)), {1})
                          : constantBuffer(graph, name + ".scale", scale);
    const FakeQuantize op{mode, bits, -(int64_t{1} << (bits - 1)), (int64_t{1} << (bits - 1)) - 1, -1, 1.0, false};
    return graph.add(name + ".quant", op, {x, s, constantBuffer(graph, name + ".zero_point", zeroPoint)});
}

Graph branchedGraph(FakeQuantMode mode) {
    Graph graph;
    const ValueId image = graph.addInput("images", {2, 3, 12, 10});
    const auto conv = [&](const std::string& name, ValueId x, int64_t in, int64_t out, int64_t kernel, uint64_t seed) {
        const Conv2d op{{1, 1}, {kernel / 2, kernel / 2}, {1, 1}, 1};
        return graph.add(name, op,
                         {x, randomParameter(graph, name + ".weight", {out, in, kernel, kernel}, seed, -0.4, 0.4)});
    };
    ValueId x = addNorm(graph, "a", conv("a", image, 3, 8, 3, 1), 8, 10);
    x = addQuantizer(graph, "a", graph.add("a.act", Activation{}, {x}), mode, 0.02f, 5);
    const NodeId halves = graph.addNode("halves", Split{1, {4, 4}}, {x}, 2);
    const ValueId inner = conv("b", graph.node(halves).outputs[1], 4, 4, 3, 2);
    graph.setOutput("inner", inner);
    ValueId y = graph.add("b.act", Activation{ActivationKind::Relu}, {addNorm(graph, "b", inner, 4, 20)});
    y = graph.add("sum", Binary{BinaryKind::Add}, {graph.node(halves).outputs[1], y});
    y = addQuantizer(graph, "sum", y, mode, 0.05f, 0, 4);
    const ValueId pooled = graph.add("pool", Pool{PoolKind::Max, {3, 3}, {1, 1}, {1, 1}}, {y});
    const ValueId all = graph.add("cat", Concat{1}, {graph.node(halves).outputs[0], y, pooled});
    ValueId out = addNorm(graph, "c", conv("c", all, 12, 12, 1, 3), 12, 30);
    out = graph.add("c.act", Activation{}, {out});
    graph.setOutput("out", out);
    const ValueId flat = graph.add("flat", Reshape{{0, 12, -1}}, {out});
    graph.setOutput("vector", graph.add("scores", Activation{ActivationKind::Sigmoid}, {flat}));
    return graph;
}

}  // namespace qat::test
