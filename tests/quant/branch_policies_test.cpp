// Which parts of which detectors get more than the sections say, and that patterns and the switch have the last word.
#include "quant/branch_policies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "models/family.h"
#include "quant/plan.h"

namespace qat {
namespace {

Graph member(const std::string& name) {
    Random random(0);
    FamilyMember found = *memberNamed(name);
    found.spec.numClasses = 6;
    return buildMember(found, &random);
}

using Names = std::set<std::string>;

// Layers and products for which a policy holds.
Names heldBy(const Graph& graph, const QuantPlan& plan, std::string_view name) {
    Names names;
    for (const auto& [node, rows] : plan.policies)
        if (std::ranges::find(rows, name, &BranchPolicy::name) != rows.end()) names.insert(graph.node(node).name);
    return names;
}

struct BranchPolicies : testing::Test {
    Config config;

    BranchPolicies() { config.quantization.weight.bitWidth = config.quantization.activation.bitWidth = 4; }
    int bits(const Graph& graph, const QuantPlan& plan, const char* reader) const {
        return plan.groupRead(*graph.findNode(reader))->how.tensor.bitWidth;
    }
};

TEST_F(BranchPolicies, OfYolo26HoldForBothHeads) {
    const Graph graph = member("yolo26n");
    const QuantPlan plan = resolvePlan(graph, config);
    EXPECT_EQ(heldBy(graph, plan, "head").size(), 12u);
    const Names classes = heldBy(graph, plan, "class branch"), boxes = heldBy(graph, plan, "box branch");
    EXPECT_EQ(classes.size(), 24u) << "four a level and head";
    EXPECT_TRUE(classes.contains("model.23.one2one_cv3.0.0.0.conv") && classes.contains("model.23.cv3.2.1.1.conv"));
    EXPECT_EQ(boxes.size(), 12u);
    EXPECT_TRUE(boxes.contains("model.23.one2one_cv2.0.0.conv") && boxes.contains("model.23.cv2.2.1.conv"));
    EXPECT_EQ(heldBy(graph, plan, "attention"), (Names{"model.10.m.0.attn.scores", "model.10.m.0.attn.sum",
                                                       "model.22.m.0.1.attn.scores", "model.22.m.0.1.attn.sum"}));
    EXPECT_EQ(heldBy(graph, plan, "depthwise").size(), 14u) << "two a level and head, and two positions of attention";
    EXPECT_EQ(bits(graph, plan, "model.23.one2one_cv3.1.1.0.conv"), 8);
    EXPECT_EQ(bits(graph, plan, "model.10.m.0.attn.sum"), 8);
    EXPECT_EQ(bits(graph, plan, "model.5.conv"), 4);
    EXPECT_EQ(plan.weightOf(*graph.findNode("model.23.cv3.0.0.0.conv"))->how.tensor.bitWidth, 4);
    EXPECT_EQ(plan.values.at(*graph.findNode("model.23.cv3.0.0.0.conv")).at("config.activation.bit_width").origin,
              "class branch policy");
}

TEST_F(BranchPolicies, OfYolov8AreThoseOfItsHeadAlone) {
    const Graph graph = member("yolov8n");
    const QuantPlan plan = resolvePlan(graph, config);
    for (const BranchPolicy& policy : branchPolicies())
        EXPECT_EQ(heldBy(graph, plan, policy.name).size(), policy.name == "head" ? 6u : 0u) << policy.name;
}

TEST_F(BranchPolicies, GiveDepthwiseLayersARangeAChannelWhateverTheSectionSays) {
    config.quantization.weight.scheme = Scheme::PerTensor;
    const Graph graph = member("yolov10n");
    const QuantPlan plan = resolvePlan(graph, config);
    const Names depthwise = heldBy(graph, plan, "depthwise");
    EXPECT_TRUE(depthwise.contains("model.5.cv2.conv")) << "the spatial half of SCDown";
    for (const WeightPlan& weight : plan.weights)
        EXPECT_EQ(weight.how.tensor.scheme == Scheme::PerChannel, depthwise.contains(graph.node(weight.node).name))
            << graph.node(weight.node).name;
    EXPECT_EQ(plan.values.at(*graph.findNode("model.5.cv2.conv")).at("config.weight.scheme").origin,
              "depthwise policy");
}

TEST_F(BranchPolicies, GiveWayToPatternsAndToTheSwitch) {
    const Graph graph = member("yolo11n");
    LayerConfig classes;
    classes.pattern = "\\.cv3\\.[0-9]\\.1\\.";
    classes.activation.bitWidth = 5;
    config.quantization.layerConfigs = {classes};
    EXPECT_EQ(bits(graph, resolvePlan(graph, config), "model.23.cv3.0.1.0.conv"), 5);
    EXPECT_EQ(bits(graph, resolvePlan(graph, config), "model.23.cv3.0.0.1.conv"), 8);
    config.quantization.layerConfigs.clear();
    config.quantization.branchPolicies = false;
    const QuantPlan plain = resolvePlan(graph, config);
    EXPECT_TRUE(plain.policies.empty());
    for (const WeightPlan& weight : plain.weights) EXPECT_EQ(weight.how.tensor.bitWidth, 4);
    for (const ActivationGroup& group : plain.groups)
        EXPECT_EQ(group.how.tensor.bitWidth, group.name == "images" ? 8 : 4) << group.name;
}

TEST_F(BranchPolicies, DoNotLowerWiderWidthsOrTouchFloatingPoint) {
    const Graph graph = member("yolo26n");
    config.quantization.weight.bitWidth = config.quantization.activation.bitWidth = 16;
    for (const WeightPlan& weight : resolvePlan(graph, config).weights) EXPECT_EQ(weight.how.tensor.bitWidth, 16);
    for (const ActivationGroup& group : resolvePlan(graph, config).groups)
        EXPECT_EQ(group.how.tensor.bitWidth, 16) << group.name;
    config.quantization.activation.dtype = DType::Float8E4m3;
    for (const ActivationGroup& group : resolvePlan(graph, config).groups)
        EXPECT_EQ(group.how.tensor.bitWidth, 8) << group.name;
}

TEST_F(BranchPolicies, PatternsKnowTheBranchesOfAllFamilies) {
    const auto knows = [](const Graph& graph, const char* layer, std::string_view word) {
        const auto aliases = layerAliases(graph, layer);
        const auto has = [&](const std::string& name) { return name.find(word) != std::string::npos; };
        return has(layer) || std::ranges::any_of(aliases, has);
    };
    const Graph v10 = member("yolov10n"), v3 = member("yolov3u");
    EXPECT_TRUE(knows(v10, "model.23.cv3.0.0.0.conv", "one2many"));
    EXPECT_FALSE(knows(v10, "model.23.one2one_cv3.0.0.0.conv", "one2many"));
    EXPECT_TRUE(knows(v10, "model.23.one2one_cv3.0.0.0.conv", "one2one"));
    EXPECT_TRUE(knows(v10, "model.23.cv2.0.0.conv", "detect"));
    EXPECT_TRUE(knows(v10, "model.10.attn.qkv.conv", "attn"));
    EXPECT_TRUE(knows(v3, "model.2.cv1.conv", "bottleneck"));
}

}  // namespace
}  // namespace qat
