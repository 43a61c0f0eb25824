// Clones: structure is always their own, tensors are shared or copied as asked.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "graph/graph.h"
#include "support/tensors.h"

namespace qat {
namespace {

struct Convolution : testing::Test {
    Graph graph;
    ValueId weight =
        graph.addParameter("w", std::make_shared<at::Tensor>(test::randomTensor({2, 2, 1, 1}, 1)), {2, 2, 1, 1});
    Convolution() {
        graph.info.classNames = {"disc"};
        const ValueId x = graph.addInput("images", {1, 2, 4, 4});
        graph.setOutput("out", graph.add("conv", Conv2d{}, {x, weight}));
    }
};

TEST_F(Convolution, SharedTensorsAreTheSameObject) {
    const Graph copy = graph.clone(false);
    EXPECT_EQ(copy.value(weight).data, graph.value(weight).data);
    EXPECT_EQ(copy.info.classNames, graph.info.classNames);
    EXPECT_EQ(dumpGraph(copy), dumpGraph(graph));
}

TEST_F(Convolution, CopiedTensorsLiveApart) {
    graph.value(weight).data->requires_grad_(true);
    const Graph copy = graph.clone(true);
    const at::Tensor before = copy.value(weight).data->clone();
    EXPECT_TRUE(at::equal(*copy.value(weight).data, *graph.value(weight).data));
    EXPECT_FALSE(copy.value(weight).data->requires_grad());
    graph.value(weight).data->detach().add_(1);
    EXPECT_TRUE(at::equal(*copy.value(weight).data, before));
}

TEST_F(Convolution, EditsOfACloneLeaveTheOriginal) {
    const std::string before = dumpGraph(graph);
    Graph copy = graph.clone(false);
    const ValueId made = copy.output("out");
    const NodeId added = copy.insertAfter(made, "relu", Activation{ActivationKind::Relu}, {made});
    copy.setOutput("out", copy.node(added).outputs.front());
    copy.renameValue(made, "other");
    EXPECT_EQ(dumpGraph(graph), before);
    EXPECT_NE(dumpGraph(copy), before);
    verify(graph), verify(copy);
}

}  // namespace
}  // namespace qat
