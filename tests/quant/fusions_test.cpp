// Fusions of a configuration against what the graph has after its convolutions.
#include "quant/fusions.h"

#include <gtest/gtest.h>

#include "export/sketch.h"
#include "models/yolov8.h"
#include "passes/fold_batch_norm.h"
#include "quant/plan.h"

namespace qat {
namespace {

using Words = std::vector<std::string>;

struct FusionsOfDetector : testing::Test {
    Random random{0};
    Graph graph = buildYolov8("n", 2, random);
    Config config;

    Words unit(const char* layer) const { return unitOf(graph, graph.node(*graph.findNode(layer))); }
    bool splits(const char* layer) const {
        return Fusions(graph, config).splitActivation(graph.node(*graph.findNode(layer)));
    }
    size_t groupsInFront() const {
        const QuantPlan plan = resolvePlan(graph, config);
        return static_cast<size_t>(
            std::ranges::count_if(plan.groups, [](const ActivationGroup& g) { return g.before.has_value(); }));
    }
};

TEST_F(FusionsOfDetector, UnitsAreWhatFollowsInTheGraph) {
    EXPECT_EQ(unit("model.0.conv"), (Words{"conv", "bn", "silu"}));
    EXPECT_EQ(unit("model.22.cv2.0.2"), (Words{"conv"}));
    foldBatchNorm(graph);
    EXPECT_EQ(unit("model.0.conv"), (Words{"conv", "silu"}));
    EXPECT_TRUE(beginsWith({"conv", "bn", "silu"}, {"conv", "bn"}));
    EXPECT_FALSE(beginsWith({"conv"}, {"conv", "bn"}));
    EXPECT_FALSE(beginsWith({"conv", "bn", "silu"}, {"conv", "silu"}));
}

TEST_F(FusionsOfDetector, ResultsThatSeveralReadEndTheUnit) {
    test::Sketch sketch({1, 3, 4, 4});
    const ValueId x = sketch.conv("c", sketch.input(), {.in = 3, .out = 4});
    sketch.graph.setOutput("a", sketch.graph.add("act", Activation{ActivationKind::Relu}, {x}));
    sketch.graph.setOutput("b", sketch.graph.add("pool", Pool{}, {x}));
    const Graph small = sketch.finish();
    EXPECT_EQ(unitOf(small, small.node(*small.findNode("c"))), (Words{"conv"}));
}

TEST_F(FusionsOfDetector, AnotherActivationIsNoMatch) {
    foldBatchNorm(graph);
    config.qat.fusionPatterns = {{".*", {"conv", "bn"}, ""}};
    EXPECT_TRUE(splits("model.0.conv"));
    EXPECT_EQ(groupsInFront(), 57u);
    config.qat.fusionPatterns.push_back({"^model\\.0\\.", {"conv", "bn", "silu"}, ""});
    EXPECT_FALSE(splits("model.0.conv"));
    EXPECT_EQ(groupsInFront(), 56u);
    // The detector has no rectifiers: the last pattern is none of its layers, and the first one holds on.
    config.qat.fusionPatterns.push_back({"^model\\.[01]\\.", {"conv", "bn", "relu"}, ""});
    EXPECT_TRUE(splits("model.1.conv"));
    EXPECT_EQ(groupsInFront(), 56u);
    const auto warnings = resolvePlan(graph, config).warnings;
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(warnings[0],
              "qat_params.fusion_patterns[2] names relu, which does not follow model.0.conv and 1 more of its layers: "
              "it does not act there");
}

}  // namespace
}  // namespace qat
