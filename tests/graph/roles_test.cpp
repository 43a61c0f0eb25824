// What outputs and nodes are, by what else layers are known, and that both travel with the graph.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "graph/graph.h"
#include "models/yolov8.h"
#include "passes/lower_integers.h"

namespace qat {
namespace {

struct Aliases : testing::Test {
    Random random{0};
    Graph graph = buildYolov8("n", 80, random);
    std::vector<std::string> of(const char* name) { return layerAliases(graph, name); }
};

using Names = std::vector<std::string>;

TEST_F(Aliases, PlainLayersAreKnownWithTheWrappersPrefix) {
    EXPECT_EQ(of("model.0.conv"), Names{"model.model.0.conv"});
    EXPECT_EQ(of("model.2.cv1.conv"), Names{"model.model.2.cv1.conv"});
    EXPECT_EQ(of("model.9.cv2.conv"), Names{"model.model.9.cv2.conv"});
}

TEST_F(Aliases, BottlenecksAreKnownByTheWord) {
    EXPECT_EQ(of("model.2.m.0.cv1.conv"),
              (Names{"model.2.bottleneck.0.cv1.conv", "model.2.bottleneck.cv1.conv", "model.model.2.m.0.cv1.conv"}));
    EXPECT_EQ(of("model.6.m.1.cv2.conv"),
              (Names{"model.6.bottleneck.1.cv2.conv", "model.6.bottleneck.cv2.conv", "model.model.6.m.1.cv2.conv"}));
}

TEST_F(Aliases, TheHeadIsKnownAsDetect) {
    EXPECT_EQ(of("model.22.cv2.0.0.conv"), (Names{"model.22.detect.cv2.0.0.conv", "model.model.22.cv2.0.0.conv"}));
    EXPECT_EQ(of("model.22.cv3.2.2"), (Names{"model.22.detect.cv3.2.2", "model.model.22.cv3.2.2"}));
}

TEST_F(Aliases, OnlyTheHeadIsDetect) {
    for (const NodeId id : graph.order()) {
        const auto aliases = layerAliases(graph, graph.node(id).name);
        const bool detect =
            std::ranges::any_of(aliases, [](const std::string& a) { return a.find(".detect.") != std::string::npos; });
        EXPECT_EQ(detect, graph.node(id).name.starts_with("model.22.")) << graph.node(id).name;
    }
}

TEST(AliasesOfOtherGraphs, LayersOutsideTheNamingSchemeHaveNone) {
    Graph graph;
    const ValueId x = graph.addInput("images", {1, 2, 4, 4});
    graph.add("layer1.0.relu", Activation{}, {x});
    EXPECT_TRUE(layerAliases(graph, "layer1.0.relu").empty());
}

struct Roles : testing::Test {
    Random random{0};
    Graph graph = buildYolov8("n", 3, random);

    static std::vector<std::string> nodesOf(const Graph& graph, NodeRole role) {
        std::vector<std::string> names;
        for (const NodeId id : graph.order())
            if (graph.node(id).role == role) names.push_back(graph.node(id).name);
        return names;
    }
};

TEST_F(Roles, TheBuilderSaysWhatOutputsAre) {
    EXPECT_EQ(graph.outputNames(OutputRole::RawHead), (Names{"head.0", "head.1", "head.2"}));
    EXPECT_EQ(graph.outputNames(OutputRole::Decoded), Names{"decoded"});
    EXPECT_EQ(graph.outputNames(OutputRole::Backbone), Names{"model.9"});
    EXPECT_EQ(graph.outputNames(OutputRole::Feature),
              (Names{"model.4", "model.6", "model.12", "model.15", "model.18", "model.21"}));
    EXPECT_EQ(headOutputs(graph), graph.outputNames(OutputRole::RawHead));
    EXPECT_EQ(decodedOutput(graph), "decoded");
}

TEST_F(Roles, TheBuilderSaysWhatNodesAre) {
    EXPECT_EQ(nodesOf(graph, NodeRole::Projection), Names{"model.22.dfl.conv"});
    EXPECT_EQ(nodesOf(graph, NodeRole::HeadLast), (Names{"model.22.cv2.0.2", "model.22.cv3.0.2", "model.22.cv2.1.2",
                                                         "model.22.cv3.1.2", "model.22.cv2.2.2", "model.22.cv3.2.2"}));
    for (const NodeId id : graph.order())
        EXPECT_EQ(isInHead(graph.node(id).role), graph.node(id).name.starts_with("model.22.")) << graph.node(id).name;
    EXPECT_EQ(graph.value(*graph.findValue("model.22.two")).kind, ValueKind::Constant);
}

TEST_F(Roles, TravelWithTextCopiesAndTheIntegerForm) {
    for (const Graph& other : {parseGraph(dumpGraph(graph)), graph.clone(true), lowerToIntegers(graph)}) {
        for (const OutputRole role : {OutputRole::RawHead, OutputRole::Decoded, OutputRole::Backbone})
            EXPECT_EQ(other.outputNames(role), graph.outputNames(role));
        EXPECT_EQ(nodesOf(other, NodeRole::HeadLast), nodesOf(graph, NodeRole::HeadLast));
        EXPECT_EQ(layerAliases(other, "model.2.m.0.cv1.conv"), layerAliases(graph, "model.2.m.0.cv1.conv"));
        const Value& two = other.value(*other.findValue("model.22.two"));
        EXPECT_EQ(two.kind, ValueKind::Constant);
        EXPECT_EQ(two.data->item<float>(), 2);
    }
}

TEST(RolesOfOtherGraphs, WithoutAHeadTheFirstOutputStands) {
    Graph graph;
    const ValueId x = graph.addInput("images", {1, 2, 4, 4});
    EXPECT_TRUE(headOutputs(graph).empty());
    graph.setOutput("head.0", graph.add("relu", Activation{}, {x}));
    graph.setOutput("decoded", x);
    EXPECT_EQ(headOutputs(graph), Names{"head.0"}) << "the first, whatever it is called";
    EXPECT_THROW(decodedOutput(graph), Error) << "a name is no role";
    graph.setOutput("decoded", x, OutputRole::Decoded);
    EXPECT_EQ(decodedOutput(graph), "decoded");
}

// images -> a (one2one), b (one2many, behind a Detach for the test's sake)
Graph twoHeads() {
    Graph graph;
    const ValueId x = graph.addInput("images", {1, 2, 4, 4});
    const ValueId a = graph.add("a", Activation{}, {x}),
                  b = graph.add("b", Activation{}, {graph.add("d", Detach{}, {x})});
    graph.setOutput("head.0", a, OutputRole::RawHead), graph.setOutput("other.head.0", b, OutputRole::OtherRawHead);
    graph.setOutput("decoded", a, OutputRole::Decoded), graph.setOutput("other.decoded", b, OutputRole::OtherDecoded);
    graph.info.head = kOneToOne;
    return graph;
}

TEST(TwoHeads, ChangePlacesAndTravelWithTheGraph) {
    Graph graph = twoHeads();
    const ValueId one = graph.output("head.0"), many = graph.output("other.head.0");
    deployHead(graph, kOneToOne);
    EXPECT_EQ(graph.output("decoded"), one);
    deployHead(graph, kOneToMany);
    EXPECT_EQ(graph.output("decoded"), many);
    EXPECT_EQ(graph.output("other.head.0"), one);
    EXPECT_EQ(graph.outputNames(OutputRole::RawHead), Names{"head.0"});
    EXPECT_EQ(parseGraph(dumpGraph(graph)).info.head, "one2many");
    EXPECT_EQ(dumpGraph(parseGraph(dumpGraph(graph))), dumpGraph(graph));
}

TEST(TwoHeads, TheOtherOneCanBeDropped) {
    Graph graph = twoHeads();
    deployHead(graph, kOneToMany);
    EXPECT_EQ(dropOtherHead(graph), 2) << "a and the detach";
    EXPECT_EQ(graph.outputs().size(), 2u);
    EXPECT_FALSE(graph.findNode("a"));
    EXPECT_EQ(graph.value(graph.node(*graph.findNode("b")).inputs.front()).name, "images");
    EXPECT_THROW(deployHead(graph, kOneToOne), Error) << "it is gone";
}

TEST(TwoHeads, AreRefusedWhereThereIsOne) {
    Graph graph = twoHeads();
    EXPECT_THROW(deployHead(graph, "both"), Error);
    graph.info.head.clear();
    EXPECT_THROW(deployHead(graph, kOneToMany), Error);
}

}  // namespace
}  // namespace qat
