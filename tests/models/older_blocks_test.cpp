// Focus, C1, BottleneckCSP and C3TR against independent compositions of libtorch's operations.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "models/detector.h"
#include "models/weights.h"
#include "run/executor.h"
#include "support/tensors.h"

namespace qat {
namespace {

// A detector whose row 1 is the block, on the map of row 0; its norms have random statistics.
class BlockNet {
public:
    BlockNet(const std::string& keys, const std::string& block)
        : m_graph(built("nc: 3\n" + keys + "backbone:\n  - [-1, 1, Conv, [16, 3, 2]]\n  - [-1, " + block +
                        "]\n  - [-1, 1, Conv, [8, 3, 2]]\nhead:\n  - [[0, 1, 2], 1, Detect, [nc]]\n")) {
        uint64_t seed = 7;
        for (const auto& [name, tensor] : stateDict(m_graph)) {
            const bool norm = name.find(".bn.") != std::string::npos;
            if (norm) tensor->copy_(test::randomTensor(tensor->sizes().vec(), ++seed, 0.5, 1.5));
        }
    }

    // What the block reads and makes of a random image.
    std::pair<at::Tensor, at::Tensor> run() const {
        const at::NoGradGuard noGrad;
        const auto values =
            Executor(m_graph, {.outputs = {"model.0", "model.1"}}).run(test::randomTensor({2, 3, 32, 48}, 5, 0, 1));
        return {values[0].contiguous(), values[1].contiguous()};
    }

    at::Tensor stored(const std::string& name) const {
        return *m_graph.value(*m_graph.findValue("model.1." + name)).data;
    }
    at::Tensor norm(const std::string& name, const at::Tensor& x) const {
        return at::batch_norm(x, stored(name + ".weight"), stored(name + ".bias"), stored(name + ".running_mean"),
                              stored(name + ".running_var"), false, 0.03, 1e-3, false);
    }
    at::Tensor conv(const std::string& name, const at::Tensor& x, int64_t padding = 0) const {
        return at::silu(norm(name + ".bn", at::conv2d(x, stored(name + ".conv.weight"), {}, 1, padding)));
    }

    const Graph& graph() const { return m_graph; }

private:
    static Graph built(const std::string& yaml) {
        Random random(3);
        return buildDetector(layoutFromYaml(yaml), &random);
    }
    const Graph m_graph;
};

void expectSame(const at::Tensor& made, const at::Tensor& wanted) {
    EXPECT_LT(test::relativeDifference(made, wanted), 1e-5);
    EXPECT_GT(wanted.std().item<double>(), 0.01) << "there is something to compare";
}

TEST(OlderBlocks, FocusReadsFourPhases) {
    const BlockNet net("", "1, Focus, [24, 3]");
    const auto [x, y] = net.run();
    const auto from = [&](int64_t row, int64_t column) {
        return x.slice(2, row, x.size(2), 2).slice(3, column, x.size(3), 2);
    };
    expectSame(y, net.conv("conv", at::cat({from(0, 0), from(1, 0), from(0, 1), from(1, 1)}, 1), 1));
    EXPECT_EQ(y.sizes(), (at::IntArrayRef{2, 24, x.size(2) / 2, x.size(3) / 2}));
    EXPECT_EQ(net.graph().info.strides, (std::vector<int64_t>{2, 4, 8}));
}

TEST(OlderBlocks, C1AddsWhatItBeganWith) {
    const BlockNet net("", "2, C1, [24]");
    const auto [x, y] = net.run();
    const at::Tensor first = net.conv("cv1", x);
    expectSame(y, net.conv("m.1", net.conv("m.0", first, 1), 1) + first);
}

at::Tensor csp(const BlockNet& net, const at::Tensor& x, int64_t firstPadding) {
    at::Tensor inner = net.conv("cv1", x);
    for (const std::string name : {"m.0", "m.1"})
        inner = inner + net.conv(name + ".cv2", net.conv(name + ".cv1", inner, firstPadding), 1);
    const at::Tensor parts =
        at::cat({at::conv2d(inner, net.stored("cv3.weight")), at::conv2d(x, net.stored("cv2.weight"))}, 1);
    return net.conv("cv4", at::silu(net.norm("bn", parts)));
}

TEST(OlderBlocks, BottleneckCspHasOneNormOverBothParts) {
    const BlockNet net("", "2, BottleneckCSP, [24]");
    const auto [x, y] = net.run();
    EXPECT_EQ(net.stored("m.0.cv1.conv.weight").size(2), 3);
    expectSame(y, csp(net, x, 1));
    // YOLOv5's bottlenecks begin with a pointwise convolution.
    const BlockNet five("anchors: [[1, 2], [3, 4], [5, 6]]\n", "2, BottleneckCSP, [24]");
    const auto [x5, y5] = five.run();
    EXPECT_EQ(five.stored("m.0.cv1.conv.weight").size(2), 1);
    expectSame(y5, csp(five, x5, 0));
}

TEST(OlderBlocks, StoredNormsOfABlockAreHeld) {
    const ConvStyles styles{{"model.1", {.activation = Activation{ActivationKind::LeakyRelu, 0.1}, .eps = 0.5}}};
    const Graph graph = buildDetector(
        layoutFromYaml("nc: 3\nbackbone:\n  - [-1, 1, Conv, [16, 3, 2]]\n  - [-1, 1, BottleneckCSP, [24]]\nhead:\n"
                       "  - [[0, 1], 1, Detect, [nc]]\n"),
        nullptr, &styles);
    EXPECT_EQ(std::get<BatchNorm>(graph.node(*graph.findNode("model.1.bn")).op).eps, 0.5);
    EXPECT_EQ(std::get<BatchNorm>(graph.node(*graph.findNode("model.1.cv4.bn")).op).eps, 1e-3);
}

// C3TR: the attention of libtorch's own layers, written out for one sequence of places.
class TransformerNet : public BlockNet {
public:
    using BlockNet::BlockNet;

    at::Tensor linear(const std::string& name, const at::Tensor& x, bool bias = false) const {
        const at::Tensor y = at::matmul(x, matrix(name + ".weight").t());
        return bias ? y + stored(name + ".bias") : y;
    }
    // [N, places, C]
    at::Tensor layer(const std::string& name, const at::Tensor& x, int64_t heads) const {
        const at::Tensor weight = matrix(name + ".ma.in_proj_weight"), bias = stored(name + ".ma.in_proj_bias");
        const int64_t c = x.size(2), width = c / heads;
        std::vector<at::Tensor> parts;
        for (const auto& [i, part] : {std::pair{0, ".q"}, {1, ".k"}, {2, ".v"}}) {
            const at::Tensor in =
                at::linear(linear(name + part, x), weight.narrow(0, i * c, c), bias.narrow(0, i * c, c));
            parts.push_back(in.reshape({x.size(0), -1, heads, width}).transpose(1, 2));
        }
        const at::Tensor shares = at::softmax(parts[0].matmul(parts[1].transpose(2, 3)) / std::sqrt(double(width)), -1);
        const at::Tensor seen = shares.matmul(parts[2]).transpose(1, 2).reshape(x.sizes());
        const at::Tensor y = linear(name + ".ma.out_proj", seen, true) + x;
        return linear(name + ".fc2", linear(name + ".fc1", y)) + y;
    }

private:
    at::Tensor matrix(const std::string& name) const { return stored(name).flatten(1); }
};

TEST(OlderBlocks, C3TRIsATransformerInTheMiddleOfC3) {
    const TransformerNet net("", "2, C3TR, [24]");
    const auto [x, made] = net.run();
    const at::Tensor inner = net.conv("cv1", x);
    at::Tensor y = inner.flatten(2).transpose(1, 2);
    y = y + net.linear("m.linear", y, true);
    for (const char* layer : {"m.tr.0", "m.tr.1"}) y = net.layer(layer, y, 4);
    const at::Tensor map = y.transpose(1, 2).reshape(inner.sizes());
    expectSame(made, net.conv("cv3", at::cat({map, net.conv("cv2", x)}, 1)));
}

// Files hold matrices where the graph has convolutions of one place.
TEST(OlderBlocks, C3TRTakesMatricesOfFiles) {
    const BlockNet net("", "1, C3TR, [24]");
    Graph other = net.graph().clone(true);
    NamedTensors state;
    for (const auto& [name, tensor] : stateDict(net.graph())) {
        const bool matrix = name.find(".m.") != std::string::npos && tensor->dim() == 4;
        state.emplace_back(name, std::make_shared<at::Tensor>((matrix ? tensor->flatten(1) : *tensor) * 2));
    }
    EXPECT_EQ(loadWeights(other, state, "file"), std::vector<std::string>{});
    const ValueId weight = *other.findValue("model.1.m.tr.0.ma.in_proj_weight");
    EXPECT_TRUE(other.value(weight).data->equal(
        2 * *net.graph().value(*net.graph().findValue("model.1.m.tr.0.ma.in_proj_weight")).data));
}

TEST(OlderBlocks, HeadsMustShareTheChannels) {
    try {
        BlockNet("", "1, C3TR, [12]");
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("cannot be shared by 4 heads"), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace qat
