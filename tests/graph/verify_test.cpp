// What verify() refuses, each with the name of the culprit.
#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/graph.h"

namespace qat {
namespace {

// The message of the refusal; "" if the graph passes.
std::string refusal(const Graph& graph) {
    try {
        verify(graph);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Internal);
        return error.what();
    }
    return "";
}

bool says(const Graph& graph, const std::string& text) {
    const std::string message = refusal(graph);
    return message.find(text) != std::string::npos;
}

struct Small : testing::Test {
    Graph graph;
    ValueId x = graph.addInput("images", {1, 2, 4, 4});
};

TEST_F(Small, EmptyGraphAndInputAsOutputAreFine) {
    EXPECT_EQ(refusal(graph), "");
    graph.setOutput("same", x);
    EXPECT_EQ(refusal(graph), "");
}

TEST_F(Small, NumberOfInputsMustFit) {
    const ValueId w = graph.addParameter("w", nullptr, {1});
    struct Wrong {
        const char* name;
        Op op;
        std::vector<ValueId> inputs;
    };
    const std::vector<Wrong> cases{{"conv", Conv2d{}, {x}},
                                   {"conv4", Conv2d{}, {x, w, w, w}},
                                   {"linear", Linear{}, {x}},
                                   {"norm", BatchNorm{}, {x, w, w, w}},
                                   {"relu", Activation{ActivationKind::Relu}, {x, x}},
                                   {"add", Binary{}, {x}},
                                   {"pool", Pool{}, {}},
                                   {"resize", Resize{}, {x, x}},
                                   {"concat", Concat{}, {}},
                                   {"slice", Slice{}, {}},
                                   {"reshape", Reshape{}, {x, x}},
                                   {"permute", Permute{}, {}},
                                   {"softmax", Softmax{}, {x, x}},
                                   {"quant", FakeQuantize{}, {x, w}}};
    for (const Wrong& wrong : cases) {
        Graph copy = graph.clone(false);
        copy.add(wrong.name, wrong.op, wrong.inputs);
        EXPECT_TRUE(says(copy, std::string("node ") + wrong.name + " has")) << refusal(copy);
    }
}

TEST_F(Small, AnchorPointsTakeOneMapALevelAndAtLeastOne) {
    Graph two = graph.clone(false);
    two.addNode("anchors", AnchorPoints{{8, 16}}, {x}, 2);
    EXPECT_TRUE(says(two, "anchors has 1 inputs"));
    graph.addNode("anchors", AnchorPoints{{}}, {}, 2);
    EXPECT_TRUE(says(graph, "anchors has 0 inputs"));
}

TEST_F(Small, NumberOfOutputsMustFit) {
    Graph copy = graph.clone(false);
    copy.addNode("split", Split{1, {1, 1}}, {x}, 3);
    EXPECT_TRUE(says(copy, "node split has 3 outputs"));
    copy = graph.clone(false);
    copy.addNode("relu", Activation{ActivationKind::Relu}, {x}, 2);
    EXPECT_TRUE(says(copy, "node relu has 2 outputs"));
    graph.addNode("anchors", AnchorPoints{{8}}, {x}, 1);
    EXPECT_TRUE(says(graph, "node anchors has 1 outputs"));
}

TEST_F(Small, ValuesMustBeMadeBeforeTheyAreRead) {
    const ValueId a = graph.add("a", Activation{ActivationKind::Relu}, {x});
    const ValueId b = graph.add("b", Activation{ActivationKind::Relu}, {a});
    graph.node(*graph.findNode("a")).inputs = {b};
    EXPECT_TRUE(says(graph, "node a reads b before it is made"));
}

TEST_F(Small, ReadingNothingIsRefused) {
    graph.add("a", Activation{ActivationKind::Relu}, {ValueId{}});
    EXPECT_TRUE(says(graph, "node a reads no value"));
    graph.node(*graph.findNode("a")).inputs = {ValueId{99}};
    EXPECT_TRUE(says(graph, "node a reads no value"));
}

TEST_F(Small, MakingAValueTwiceIsRefused) {
    const ValueId a = graph.add("a", Activation{ActivationKind::Relu}, {x});
    graph.add("b", Activation{ActivationKind::Relu}, {x});
    graph.node(*graph.findNode("b")).outputs = {a};
    EXPECT_TRUE(says(graph, "node b makes a a second time"));
}

TEST_F(Small, RenamingANodeBehindTheGraphsBackIsSeen) {
    graph.add("a", Activation{ActivationKind::Relu}, {x});
    graph.add("b", Activation{ActivationKind::Relu}, {x});
    graph.node(*graph.findNode("a")).name = "c";
    EXPECT_TRUE(says(graph, "node c is not found by name"));
    graph.node(*graph.findNode("a")).name = "b";
    EXPECT_NE(refusal(graph), "");
}

TEST_F(Small, OutputsMustExist) {
    graph.setOutput("nothing", ValueId{});
    EXPECT_TRUE(says(graph, "output nothing is made by no node"));
    graph.setOutput("nothing", ValueId{55});
    EXPECT_TRUE(says(graph, "output nothing is made by no node"));
    const ValueId a = graph.add("a", Activation{ActivationKind::Relu}, {x});
    graph.erase(*graph.findNode("a"));
    graph.setOutput("nothing", a);
    EXPECT_TRUE(says(graph, "output nothing is made by no node"));
}

}  // namespace
}  // namespace qat
