// Equalized graphs compute what they did, with weights whose channels have like ranges.
#include "passes/equalize.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "models/yolov8.h"
#include "passes/fold_batch_norm.h"
#include "run/executor.h"
#include "support/tensors.h"

namespace qat {
namespace {

// Three convolutions in a row, the middle one depthwise, whose channels differ in range by powers of four.
Graph chain(ActivationKind between) {
    Graph graph;
    const auto parameter = [&](const std::string& name, const at::Tensor& tensor) {
        return graph.addParameter(name, std::make_shared<at::Tensor>(tensor), tensor.sizes().vec());
    };
    const at::Tensor uneven = at::pow(4.0, at::arange(8) % 4).to(at::kFloat).reshape({8, 1, 1, 1});
    ValueId x = graph.addInput("images", {1, 3, 16, 16});
    x = graph.add("a", Conv2d{.padding = {1, 1}},
                  {x, parameter("a.weight", test::randomTensor({8, 3, 3, 3}, 1) * uneven),
                   parameter("a.bias", test::randomTensor({8}, 2))});
    x = graph.add("a.act", Activation{between}, {x});
    x = graph.add("b", Conv2d{.padding = {1, 1}, .groups = 8},
                  {x, parameter("b.weight", test::randomTensor({8, 1, 3, 3}, 3))});
    x = graph.add("c", Conv2d{}, {x, parameter("c.weight", test::randomTensor({4, 8, 1, 1}, 4))});
    graph.setOutput("y", x);
    return graph;
}

at::Tensor run(const Graph& graph) {
    return Executor(graph, {.outputs = {"y"}}).run(test::randomTensor({2, 3, 16, 16}, 9)).front();
}

TEST(Equalize, KeepsTheFunctionAndEvensOutTheRanges) {
    const Graph before = chain(ActivationKind::Relu);
    Graph graph = before.clone(true);
    const Equalization done = equalizeLayers(graph);
    EXPECT_EQ(done.pairs, 2);
    EXPECT_EQ(done.curved, 0);
    EXPECT_GT(done.before, 10);
    EXPECT_LT(done.after, 0.5 * done.before);
    EXPECT_LE(test::relativeDifference(run(graph), run(before)), 1e-5);
    const auto ranges = [&](const char* name, int64_t axis) {
        return graph.value(*graph.findValue(name)).data->abs().transpose(0, axis).flatten(1).amax(1);
    };
    EXPECT_LE(test::relativeDifference(ranges("a.weight", 0), ranges("b.weight", 0)), 0.02)
        << "both sides of a channel reach as far";
    EXPECT_LE(test::relativeDifference(ranges("b.weight", 0), ranges("c.weight", 1)), 0.02);
}

TEST(Equalize, LeavesPairsAroundSiluAlone) {
    Graph graph = chain(ActivationKind::Silu);
    const Equalization done = equalizeLayers(graph);
    EXPECT_EQ(done.pairs, 1) << "only b and c";
    EXPECT_EQ(done.curved, 1);
    Random random{0};
    Graph detector = buildYolov8("n", 2, random);
    foldBatchNorm(detector);
    const Equalization none = equalizeLayers(detector);
    EXPECT_EQ(none.pairs, 0);
    EXPECT_GT(none.curved, 0);
}

TEST(Equalize, LeavesValuesThatOthersReadAlone) {
    Graph graph = chain(ActivationKind::Relu);
    graph.setOutput("between", graph.node(*graph.findNode("a.act")).outputs.front());
    EXPECT_EQ(equalizeLayers(graph).pairs, 1);
}

}  // namespace
}  // namespace qat
