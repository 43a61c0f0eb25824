// The names under which patterns may know a layer.
#include <gtest/gtest.h>

#include <algorithm>

#include "graph/graph.h"
#include "models/yolov8.h"

namespace qat {
namespace {

struct Aliases : testing::Test {
    Random random{0};
    Graph graph = buildYolov8("n", 80, random);
    std::vector<std::string> of(const char* name) { return layerAliases(graph, graph.node(*graph.findNode(name))); }
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
        const auto aliases = layerAliases(graph, graph.node(id));
        const bool detect =
            std::ranges::any_of(aliases, [](const std::string& a) { return a.find(".detect.") != std::string::npos; });
        EXPECT_EQ(detect, graph.node(id).name.starts_with("model.22.")) << graph.node(id).name;
    }
}

TEST(AliasesOfOtherGraphs, LayersOutsideTheNamingSchemeHaveNone) {
    Graph graph;
    const ValueId x = graph.addInput("images", {1, 2, 4, 4});
    graph.add("layer1.0.relu", Activation{}, {x});
    EXPECT_TRUE(layerAliases(graph, graph.node(*graph.findNode("layer1.0.relu"))).empty());
}

}  // namespace
}  // namespace qat
