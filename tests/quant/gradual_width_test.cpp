// Grids that change under way: widths by epoch, and ranges that stay.
#include "quant/gradual_width.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "quant/plan.h"
#include "quant/unquantized.h"
#include "run/executor.h"

namespace qat {
namespace {

struct Small {
    Graph graph;
    std::optional<QuantizerSet> set;

    explicit Small(bool learned = true) {
        ValueId x = graph.addInput("x", {1, 2, 4, 4});
        for (const char* name : {"a", "b"}) {
            const auto weight = std::make_shared<at::Tensor>(at::arange(4, at::kFloat).sub(1.5).reshape({2, 2, 1, 1}));
            x = graph.add(name, Conv2d{}, {x, graph.addParameter(std::string(name) + ".weight", weight, {2, 2, 1, 1})});
        }
        graph.setOutput("out", x);
        Config config;
        config.qat.useLsq = learned;
        config.quantization.weight.bitWidth = 4;
        config.quantization.activation.bitWidth = 3;
        set.emplace(graph, resolvePlan(graph, config));
        for (Quantizer& q : set->all()) {
            if (q.weight) continue;
            q.observer.observe(ObservedRange{{-1.3f}, {3.1f}});
            set->applyRange(graph, q);
        }
    }
    const at::Tensor& scale(const Quantizer& q) const { return *graph.value(q.scale).data; }
    const at::Tensor& zeroPoint(const Quantizer& q) const { return *graph.value(q.zeroPoint).data; }
    const FakeQuantize& op(const Quantizer& q) const { return std::get<FakeQuantize>(graph.node(q.nodes.front()).op); }
};

TEST(GradualWidth, FallsEvenlyToItsOwn) {
    std::vector<int> widths;
    for (int64_t epoch = -1; epoch < 6; ++epoch) widths.push_back(widthIn(epoch, 8, 4, 4));
    EXPECT_EQ(widths, (std::vector<int>{4, 8, 7, 6, 5, 4, 4}));
    EXPECT_EQ(widthIn(1, 8, 4, 2), 6);
    EXPECT_EQ(widthIn(0, 4, 8, 2), 8) << "a wider one is left alone";
    EXPECT_EQ(widthIn(0, 0, 4, 2), 4);
}

TEST(GradualWidth, ScalesMoveByTheRatioOfLevels) {
    Small small;
    Graph average = small.graph.clone(true);
    const Small own;
    GradualWidths widths(*small.set, {.weight = 8, .activation = 0, .duration = 2});
    EXPECT_TRUE(widths.advance(small.graph, &average, 0));
    for (size_t i = 0; i < own.set->all().size(); ++i) {
        const Quantizer& q = small.set->all()[i];
        const at::Tensor ratio = own.scale(own.set->all()[i]) / small.scale(q);
        if (!q.weight) {
            EXPECT_EQ(small.op(q), own.op(own.set->all()[i])) << "activations have no first width";
            EXPECT_TRUE(at::equal(ratio, at::ones_like(ratio)));
            continue;
        }
        EXPECT_EQ(small.op(q).bits, 8);
        EXPECT_EQ(small.op(q).qmax, 127);
        EXPECT_LT((ratio - 254.0 / 14.0).abs().max().item<float>(), 1e-5);
        EXPECT_TRUE(at::equal(*average.value(q.scale).data, small.scale(q)));
    }
    EXPECT_TRUE(widths.advance(small.graph, &average, 1));
    EXPECT_TRUE(widths.advance(small.graph, &average, 2));
    EXPECT_FALSE(widths.advance(small.graph, &average, 3));
    for (size_t i = 0; i < own.set->all().size(); ++i) {
        const at::Tensor error = small.scale(small.set->all()[i]) / own.scale(own.set->all()[i]) - 1;
        EXPECT_LT(error.abs().max().item<float>(), 1e-6) << "there and back";
        EXPECT_EQ(dumpGraph(average), dumpGraph(small.graph));
    }
}

TEST(GradualWidth, RangesOfActivationsStay) {
    Small small;
    GradualWidths widths(*small.set, {.weight = 0, .activation = 8, .duration = 2});
    const auto range = [&](const Quantizer& q) {
        const double s = small.scale(q).item<double>(), z = small.zeroPoint(q).item<double>();
        return std::pair(s * (static_cast<double>(small.op(q).qmin) - z),
                         s * (static_cast<double>(small.op(q).qmax) - z));
    };
    for (const Quantizer& q : small.set->all()) {
        if (q.weight || q.how.tensor.bitWidth != 3) continue;
        const auto before = range(q);
        widths.advance(small.graph, nullptr, 0);
        const auto after = range(q);
        EXPECT_EQ(small.op(q).bits, 8);
        EXPECT_NEAR(after.first, before.first, small.scale(q).item<double>());
        EXPECT_NEAR(after.second, before.second, small.scale(q).item<double>());
        EXPECT_EQ(small.zeroPoint(q).item<double>(), std::round(small.zeroPoint(q).item<double>()));
        EXPECT_FALSE(small.op(q).qmin < 0);
    }
}

TEST(GradualWidth, AdoptingSetsGridsAlone) {
    Small small, other;
    GradualWidths widths(*small.set, {.weight = 8, .activation = 8, .duration = 2});
    widths.adopt(small.graph, 1);
    for (size_t i = 0; i < small.set->all().size(); ++i)
        EXPECT_TRUE(at::equal(small.scale(small.set->all()[i]), other.scale(other.set->all()[i])));
    EXPECT_EQ(small.op(small.set->all().front()).bits, 6);
}

TEST(WithoutQuantizers, IsTheFloatNetworkWithTheSameWeights) {
    Small small;
    const Graph plain = withoutQuantizers(small.graph);
    verify(plain);
    for (const NodeId id : plain.order()) EXPECT_FALSE(std::holds_alternative<FakeQuantize>(plain.node(id).op));
    const at::Tensor x = at::linspace(-1, 1, 32).reshape({1, 2, 4, 4});
    const at::Tensor w = *small.graph.value(*small.graph.findValue("a.weight")).data;
    const at::Tensor expected = at::conv2d(at::conv2d(x, w), w);
    EXPECT_LT((Executor(plain, {.outputs = {"out"}}).run(x).front() - expected).abs().max().item<float>(), 1e-5);
    small.graph.value(*small.graph.findValue("a.weight")).data->zero_();
    EXPECT_EQ(Executor(plain, {.outputs = {"out"}}).run(x).front().abs().max().item<float>(), 0)
        << "weights are shared";
    for (const Quantizer& q : small.set->all())
        if (!q.weight) {
            EXPECT_EQ(unquantized(small.graph, small.graph.node(q.nodes.front()).outputs.front()), q.observed.front());
        }
}

}  // namespace
}  // namespace qat
