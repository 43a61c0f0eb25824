// The edit verbs: what they change, what they leave, and that verify() accepts the result.
#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/graph.h"

namespace qat {
namespace {

const Activation kRelu{ActivationKind::Relu};

std::vector<std::string> nodeNames(const Graph& graph) {
    std::vector<std::string> names;
    for (const NodeId id : graph.order()) names.push_back(graph.node(id).name);
    return names;
}

using Names = std::vector<std::string>;

// images -> a -> b -> output "out", and a side branch a -> c that nothing needs.
struct Branches : testing::Test {
    Graph graph;
    ValueId images = graph.addInput("images", {1, 2, 4, 4});
    ValueId a = graph.add("a", kRelu, {images});
    ValueId b = graph.add("b", kRelu, {a});
    ValueId c = graph.add("c", kRelu, {a});

    Branches() { graph.setOutput("out", b); }
    NodeId nodeOf(const char* name) { return *graph.findNode(name); }
};

TEST_F(Branches, LookUpsAgree) {
    verify(graph);
    EXPECT_EQ(graph.output("out"), b);
    EXPECT_FALSE(graph.output("other").valid());
    EXPECT_EQ(graph.producer(b), nodeOf("b"));
    EXPECT_EQ(graph.producer(images), std::nullopt);
    EXPECT_EQ(graph.users(a), (std::vector{nodeOf("b"), nodeOf("c")}));
    EXPECT_EQ(graph.findValue("a"), a);
    EXPECT_EQ(graph.findValue("missing"), std::nullopt);
    EXPECT_EQ(graph.findNode("missing"), std::nullopt);
}

TEST_F(Branches, NamesAreUnique) {
    EXPECT_THROW(graph.add("a", kRelu, {images}), Error);
    EXPECT_THROW(graph.addInput("images", {1}), Error);
    EXPECT_THROW(graph.addParameter("a", nullptr, {1}), Error);
    EXPECT_EQ(graph.value(graph.addBuffer("d", nullptr, {1}, ElementType::Int64)).type, ElementType::Int64);
    // A node may be called like a stored value: the value it makes steps aside.
    EXPECT_EQ(graph.value(graph.add("d", kRelu, {images})).name, "d#2");
}

TEST_F(Branches, NodeWithSeveralOutputsNumbersThem) {
    const NodeId split = graph.addNode("split", Split{1, {1, 1}}, {a}, 2);
    EXPECT_EQ(graph.value(graph.node(split).outputs[0]).name, "split:0");
    EXPECT_EQ(graph.value(graph.node(split).outputs[1]).name, "split:1");
    verify(graph);
}

TEST_F(Branches, OutputIsReplacedByName) {
    graph.setOutput("out", c);
    ASSERT_EQ(graph.outputs().size(), 1u);
    EXPECT_EQ(graph.output("out"), c);
}

TEST_F(Branches, ReplacingUsesReachesNodesAndOutputs) {
    graph.setOutput("inner", a);
    graph.replaceUses(a, images);
    EXPECT_EQ(graph.node(nodeOf("b")).inputs, std::vector{images});
    EXPECT_EQ(graph.node(nodeOf("c")).inputs, std::vector{images});
    EXPECT_EQ(graph.output("inner"), images);
    EXPECT_TRUE(graph.users(a).empty());
    verify(graph);
}

TEST_F(Branches, ReplacingUsesInOneNodeLeavesTheOthers) {
    graph.replaceUsesIn(nodeOf("b"), a, images);
    EXPECT_EQ(graph.node(nodeOf("b")).inputs, std::vector{images});
    EXPECT_EQ(graph.node(nodeOf("c")).inputs, std::vector{a});
    verify(graph);
}

TEST_F(Branches, InsertedNodeStandsBehindTheProducer) {
    const NodeId added = graph.insertAfter(a, "between", kRelu, {a});
    EXPECT_EQ(nodeNames(graph), (Names{"a", "between", "b", "c"}));
    graph.replaceUses(a, graph.node(added).outputs.front());
    graph.replaceUsesIn(added, graph.node(added).outputs.front(), a);
    verify(graph);
    graph.insertAfter(images, "first", kRelu, {images});
    EXPECT_EQ(nodeNames(graph).front(), "first");
    verify(graph);
}

TEST_F(Branches, ErasingNeedsAnUnusedNode) {
    EXPECT_THROW(graph.erase(nodeOf("a")), Error);
    EXPECT_THROW(graph.erase(nodeOf("b")), Error) << "its value is an output of the graph";
    graph.erase(nodeOf("c"));
    EXPECT_EQ(nodeNames(graph), (Names{"a", "b"}));
    EXPECT_EQ(graph.findNode("c"), std::nullopt);
    EXPECT_EQ(graph.findValue("c"), std::nullopt);
    verify(graph);
    EXPECT_EQ(graph.value(graph.add("c", kRelu, {b})).name, "c") << "the name is free again";
    verify(graph);
}

TEST_F(Branches, SweepDropsWhatNoOutputNeeds) {
    const ValueId weight = graph.addParameter("w", nullptr, {2, 2, 1, 1});
    graph.add("d", kRelu, {graph.add("conv", Conv2d{}, {c, weight})});
    EXPECT_EQ(graph.storedValues(), std::vector{weight});
    graph.sweep();
    EXPECT_EQ(nodeNames(graph), (Names{"a", "b"}));
    EXPECT_TRUE(graph.storedValues().empty());
    verify(graph);
    graph.sweep();
    EXPECT_EQ(nodeNames(graph), (Names{"a", "b"}));
}

TEST_F(Branches, SweepKeepsANodeOneOfWhoseOutputsIsNeeded) {
    const NodeId split = graph.addNode("split", Split{1, {1, 1}}, {c}, 2);
    graph.setOutput("half", graph.node(split).outputs[1]);
    graph.sweep();
    EXPECT_EQ(nodeNames(graph), (Names{"a", "b", "c", "split"}));
}

TEST_F(Branches, RenamingKeepsNamesUnique) {
    graph.renameValue(c, "a");
    EXPECT_EQ(graph.value(c).name, "a#2");
    graph.renameValue(c, "a#2");
    EXPECT_EQ(graph.value(c).name, "a#2");
    graph.renameValue(c, "branch");
    EXPECT_EQ(graph.findValue("branch"), c);
    EXPECT_EQ(graph.findValue("c"), std::nullopt);
}

TEST_F(Branches, StoredValuesComeInOrderOfFirstUse) {
    const ValueId late = graph.addParameter("late", nullptr, {2});
    const ValueId early = graph.addParameter("early", nullptr, {2, 2, 1, 1});
    const ValueId unused = graph.addBuffer("unused", nullptr, {1});
    const ValueId x = graph.add("conv1", Conv2d{}, {b, early});
    graph.add("conv2", Conv2d{}, {x, early, late});
    EXPECT_EQ(graph.storedValues(), (std::vector{early, late}));
    EXPECT_EQ(graph.value(unused).kind, ValueKind::Buffer);
}

}  // namespace
}  // namespace qat
