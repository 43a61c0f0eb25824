// From a configuration to one answer for every weight and every activation range.
#include "quant/plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "models/yolov8.h"
#include "passes/fold_batch_norm.h"

namespace qat {
namespace {

LayerConfig entry(const std::string& pattern, int line = 10) {
    LayerConfig layer;
    layer.pattern = pattern, layer.line = line;
    return layer;
}
LayerConfig weightBits(const std::string& pattern, int bits, int line = 10) {
    LayerConfig layer = entry(pattern, line);
    layer.weight.bitWidth = bits;
    return layer;
}
LayerConfig activationBits(const std::string& pattern, int bits, int line = 10) {
    LayerConfig layer = entry(pattern, line);
    layer.activation.bitWidth = bits;
    return layer;
}

struct Plan : testing::Test {
    Random random{0};
    Graph graph = buildYolov8("n", 3, random);
    Config config;

    Plan() { config.quantization.weight.bitWidth = config.quantization.activation.bitWidth = 4; }
    QuantPlan resolve() const { return resolvePlan(graph, config); }
    const Resolved& weight(const QuantPlan& plan, const char* layer) const {
        return plan.weightOf(*graph.findNode(layer))->how;
    }
    const Resolved& activation(const QuantPlan& plan, const char* layer) const {
        return plan.groupRead(*graph.findNode(layer))->how;
    }
    bool isLastOfHead(const std::string& name) const { return name.starts_with("model.22.") && name.ends_with(".2"); }
};

TEST_F(Plan, WithoutMixedPrecisionPatternsSetNoWidths) {
    config.quantization.layerConfigs = {weightBits("^model\\.2\\.", 6)};
    config.quantization.layerConfigs[0].weight.symmetric = false;
    EXPECT_EQ(weight(resolve(), "model.2.cv1.conv").tensor.bitWidth, 6);
    config.qat.useMixedPrecision = false;
    EXPECT_EQ(weight(resolve(), "model.2.cv1.conv").tensor.bitWidth, 4);
    EXPECT_FALSE(weight(resolve(), "model.2.cv1.conv").tensor.symmetric);
}

TEST_F(Plan, FusionsWithoutActivationQuantizeTheResult) {
    foldBatchNorm(graph);
    const size_t units = resolve().groups.size();
    config.qat.fusionPatterns = {{"^model\\.[01]\\.conv$", {"conv", "bn"}, ""},
                                 {"^model\\.1\\.", {"conv", "bn", "silu"}, ""}};
    const QuantPlan plan = resolve();
    ASSERT_EQ(plan.groups.size(), units + 1);  // the later pattern takes model.1 back
    const auto added = std::ranges::find_if(plan.groups, [](const ActivationGroup& g) { return g.before.has_value(); });
    ASSERT_NE(added, plan.groups.end());
    EXPECT_EQ(added->before, ActivationKind::Silu);
    EXPECT_TRUE(added->readers.empty());
    config.qat.fuseModules = false;
    EXPECT_EQ(resolve().groups.size(), units);
}

TEST_F(Plan, EveryLayerButTheExpectationIsQuantizable) {
    const auto nodes = quantizableNodes(graph);
    EXPECT_EQ(nodes.size(), 63u);
    EXPECT_EQ(graph.node(nodes.front()).name, "model.0.conv");
    for (const NodeId id : nodes) EXPECT_EQ(graph.node(id).name.find("dfl"), std::string::npos);
}

TEST_F(Plan, DefaultsReachEveryLayerAndTheHeadKeepsEightBits) {
    const QuantPlan plan = resolve();
    EXPECT_EQ(plan.weights.size(), 63u);
    EXPECT_TRUE(plan.skipped.empty());
    EXPECT_TRUE(plan.warnings.empty());
    for (const WeightPlan& w : plan.weights) {
        const bool last = isLastOfHead(graph.node(w.node).name);
        EXPECT_EQ(w.how.tensor.bitWidth, last ? 8 : 4) << graph.node(w.node).name;
        EXPECT_EQ(w.how.origin, last ? "head policy" : "default") << graph.node(w.node).name;
        EXPECT_EQ(activation(plan, graph.node(w.node).name.c_str()).tensor.bitWidth,
                  last || graph.node(w.node).name == "model.0.conv" ? 8 : 4);
    }
    EXPECT_EQ(activation(plan, "model.0.conv").origin, "image input");
}

TEST_F(Plan, RolesDecideAndNotNames) {
    graph.node(*graph.findNode("model.22.cv2.0.2")).role = NodeRole::Head;
    graph.node(*graph.findNode("model.0.conv")).role = NodeRole::HeadLast;
    graph.node(*graph.findNode("model.1.conv")).role = NodeRole::Projection;
    EXPECT_EQ(weight(resolve(), "model.22.cv2.0.2").tensor.bitWidth, 4);
    EXPECT_EQ(weight(resolve(), "model.0.conv").tensor.bitWidth, 8);
    EXPECT_EQ(resolve().weights.size(), 62u) << "an expectation is not quantized, whatever it is called";
    config.qat.skipDetectionHead = true;
    EXPECT_EQ(std::ranges::count(resolve().skipped, "model.0.conv"), 1);
    EXPECT_EQ(std::ranges::count(resolve().skipped, "model.22.cv2.0.2"), 1);
}

TEST_F(Plan, PoliciesDoNotLowerWiderDefaults) {
    config.quantization.weight.bitWidth = config.quantization.activation.bitWidth = 16;
    const QuantPlan plan = resolve();
    for (const WeightPlan& w : plan.weights) EXPECT_EQ(w.how.tensor.bitWidth, 16);
    for (const ActivationGroup& group : plan.groups) EXPECT_EQ(group.how.tensor.bitWidth, 16);
}

TEST_F(Plan, PatternsOverrideThePolicies) {
    config.quantization.layerConfigs = {weightBits("model.22.cv3.0.2", 3), activationBits("^model.0.conv$", 5, 77)};
    const QuantPlan plan = resolve();
    EXPECT_EQ(weight(plan, "model.22.cv3.0.2").tensor.bitWidth, 3);
    EXPECT_EQ(weight(plan, "model.22.cv3.1.2").tensor.bitWidth, 8);
    EXPECT_EQ(activation(plan, "model.0.conv").tensor.bitWidth, 5);
    EXPECT_EQ(activation(plan, "model.0.conv").origin, "pattern 2, line 77");
    EXPECT_EQ(weight(plan, "model.0.conv").origin, "default");
}

TEST_F(Plan, LaterPatternsWinAndEarlierOnesShineThrough) {
    config.quantization.layerConfigs = {weightBits("model.4", 6, 1), weightBits("model\\.4\\.cv1", 2, 2),
                                        entry("model.4.cv1", 3)};
    config.quantization.layerConfigs[2].weight.scheme = Scheme::PerTensor;
    const QuantPlan plan = resolve();
    EXPECT_EQ(weight(plan, "model.4.cv1.conv").tensor.bitWidth, 2);
    EXPECT_EQ(weight(plan, "model.4.cv1.conv").tensor.scheme, Scheme::PerTensor);
    EXPECT_EQ(weight(plan, "model.4.cv1.conv").origin, "pattern 2, line 2") << "who said the width";
    const LayerValues& values = plan.values.at(*graph.findNode("model.4.cv1.conv"));
    EXPECT_EQ(values.at("config.weight.bit_width").origin, "pattern 2, line 2");
    EXPECT_EQ(values.at("config.weight.scheme").origin, "pattern 3, line 3");
    EXPECT_EQ(values.at("config.weight.scheme").value, "per_tensor");
    EXPECT_EQ(values.at("config.weight.observer").origin, "default");
    EXPECT_EQ(weight(plan, "model.4.cv2.conv").tensor.bitWidth, 6);
    EXPECT_EQ(weight(plan, "model.4.cv2.conv").tensor.scheme, Scheme::PerChannel);
    EXPECT_EQ(weight(plan, "model.5.conv").tensor.bitWidth, 4);
}

TEST_F(Plan, PatternsKnowTheAliases) {
    config.quantization.layerConfigs = {weightBits("model.[0-9]+.bottleneck", 5), weightBits("model.[0-9]+.detect", 7)};
    const QuantPlan plan = resolve();
    int bottlenecks = 0, head = 0;
    for (const WeightPlan& w : plan.weights) {
        bottlenecks += w.how.tensor.bitWidth == 5;
        head += w.how.tensor.bitWidth == 7;
        EXPECT_EQ(w.how.tensor.bitWidth == 5, graph.node(w.node).name.find(".m.") != std::string::npos);
    }
    EXPECT_EQ(bottlenecks, 2 * (1 + 2 + 2 + 1 + 1 + 1 + 1 + 1));
    EXPECT_EQ(head, 18);
    EXPECT_TRUE(plan.warnings.empty());
}

TEST_F(Plan, PatternsThatMatchNothingAreWarnedOf) {
    config.quantization.layerConfigs = {weightBits("model.0", 8), weightBits("backbone", 8, 42)};
    const auto warnings = resolve().warnings;
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(warnings[0], "quantization.layer_configs pattern 2 (line 42, \"backbone\") matches no layer");
}

TEST_F(Plan, SkippedLayersStayInFloat) {
    config.quantization.layerConfigs = {entry("model.9"), entry("model.9.cv2")};
    config.quantization.layerConfigs[0].skip = true;
    config.quantization.layerConfigs[1].skip = false;
    const QuantPlan plan = resolve();
    EXPECT_EQ(plan.skipped, std::vector<std::string>{"model.9.cv1.conv"});
    EXPECT_EQ(plan.weightOf(*graph.findNode("model.9.cv1.conv")), nullptr);
    EXPECT_EQ(plan.groupRead(*graph.findNode("model.9.cv1.conv")), nullptr) << "its input is read by nobody else";
    EXPECT_NE(plan.groupRead(*graph.findNode("model.9.cv2.conv")), nullptr);
}

TEST_F(Plan, WholeHeadCanStayInFloat) {
    config.qat.skipDetectionHead = true;
    const QuantPlan plan = resolve();
    EXPECT_EQ(plan.weights.size(), 45u);
    EXPECT_EQ(plan.skipped.size(), 18u);
    for (const std::string& name : plan.skipped) EXPECT_TRUE(name.starts_with("model.22."));
    EXPECT_EQ(plan.groupRead(*graph.findNode("model.22.cv2.2.0.conv")), nullptr);
    config.quantization.layerConfigs = {entry("model.22.cv2.0.0")};
    config.quantization.layerConfigs[0].skip = false;
    EXPECT_EQ(resolve().weights.size(), 46u) << "a pattern takes a layer back in";
}

TEST_F(Plan, LearnedScalesAreForEverybodyUnlessAPatternSaysOtherwise) {
    config.qat.useLsq = true;
    config.quantization.layerConfigs = {entry("model.0.conv")};
    config.quantization.layerConfigs[0].fakeQuantize.type = FakeQuantKind::Custom;
    const QuantPlan plan = resolve();
    EXPECT_EQ(weight(plan, "model.0.conv").fakeQuantize.type, FakeQuantKind::Custom);
    EXPECT_EQ(weight(plan, "model.1.conv").fakeQuantize.type, FakeQuantKind::Lsq);
    EXPECT_EQ(activation(plan, "model.1.conv").fakeQuantize.type, FakeQuantKind::Lsq);
}

std::string listed(const Graph& graph, const ActivationGroup& group) {
    std::string text;
    for (const ValueId id : group.sources) text += graph.value(id).name + " ";
    text += "->";
    for (const NodeId id : group.readers) text += " " + graph.node(id).name;
    return text;
}

TEST_F(Plan, ScaleGroupsAreExactlyThese) {
    std::vector<std::string> groups;
    for (const ActivationGroup& group : resolve().groups) {
        groups.push_back(listed(graph, group));
        EXPECT_EQ(group.name, graph.value(group.sources.front()).name);
    }
    const std::vector<std::string> expected{
        "images -> model.0.conv",
        "model.0.act -> model.1.conv",
        "model.1.act -> model.2.cv1.conv",
        "model.2.cv1.act model.2.m.0.cv2.act model.2.m.0.add -> model.2.m.0.cv1.conv model.2.cv2.conv",
        "model.2.m.0.cv1.act -> model.2.m.0.cv2.conv",
        "model.2.cv2.act -> model.3.conv",
        "model.3.act -> model.4.cv1.conv",
        "model.4.cv1.act model.4.m.0.cv2.act model.4.m.0.add model.4.m.1.cv2.act model.4.m.1.add -> "
        "model.4.m.0.cv1.conv model.4.m.1.cv1.conv model.4.cv2.conv",
        "model.4.m.0.cv1.act -> model.4.m.0.cv2.conv",
        "model.4.m.1.cv1.act -> model.4.m.1.cv2.conv",
        "model.4.cv2.act model.12.cv2.act model.16.act -> model.5.conv model.15.cv1.conv model.18.cv1.conv",
        "model.5.act -> model.6.cv1.conv",
        "model.6.cv1.act model.6.m.0.cv2.act model.6.m.0.add model.6.m.1.cv2.act model.6.m.1.add -> "
        "model.6.m.0.cv1.conv model.6.m.1.cv1.conv model.6.cv2.conv",
        "model.6.m.0.cv1.act -> model.6.m.0.cv2.conv",
        "model.6.m.1.cv1.act -> model.6.m.1.cv2.conv",
        "model.6.cv2.act model.9.cv2.act model.19.act -> model.7.conv model.12.cv1.conv model.21.cv1.conv",
        "model.7.act -> model.8.cv1.conv",
        "model.8.cv1.act model.8.m.0.cv2.act model.8.m.0.add -> model.8.m.0.cv1.conv model.8.cv2.conv",
        "model.8.m.0.cv1.act -> model.8.m.0.cv2.conv",
        "model.8.cv2.act -> model.9.cv1.conv",
        "model.9.cv1.act -> model.9.cv2.conv",
        "model.12.cv1.act model.12.m.0.cv2.act -> model.12.m.0.cv1.conv model.12.cv2.conv",
        "model.12.m.0.cv1.act -> model.12.m.0.cv2.conv",
        "model.15.cv1.act model.15.m.0.cv2.act -> model.15.m.0.cv1.conv model.15.cv2.conv",
        "model.15.m.0.cv1.act -> model.15.m.0.cv2.conv",
        "model.15.cv2.act -> model.16.conv model.22.cv2.0.0.conv model.22.cv3.0.0.conv",
        "model.18.cv1.act model.18.m.0.cv2.act -> model.18.m.0.cv1.conv model.18.cv2.conv",
        "model.18.m.0.cv1.act -> model.18.m.0.cv2.conv",
        "model.18.cv2.act -> model.19.conv model.22.cv2.1.0.conv model.22.cv3.1.0.conv",
        "model.21.cv1.act model.21.m.0.cv2.act -> model.21.m.0.cv1.conv model.21.cv2.conv",
        "model.21.m.0.cv1.act -> model.21.m.0.cv2.conv",
        "model.21.cv2.act -> model.22.cv2.2.0.conv model.22.cv3.2.0.conv"};
    ASSERT_GE(groups.size(), expected.size());
    EXPECT_EQ(std::vector(groups.begin(), groups.begin() + static_cast<long>(expected.size())), expected);
    EXPECT_EQ(groups.size(), expected.size() + 12) << "and two a branch of the head";
    EXPECT_EQ(groups[expected.size()], "model.22.cv2.0.0.act -> model.22.cv2.0.1.conv");
    EXPECT_EQ(groups.back(), "model.22.cv3.2.1.act -> model.22.cv3.2.2");
}

TEST_F(Plan, GroupFollowsItsWidestReaderAndSaysSo) {
    // Whichever of the readers the pattern names, first or last, its wish is not fulfilled silently.
    for (const char* pattern : {"model.2.m.0.cv1.conv", "model.2.cv2.conv"})
        for (const int bits : {2, 6}) {
            config.quantization.layerConfigs = {activationBits(pattern, bits)};
            const QuantPlan plan = resolve();
            EXPECT_EQ(activation(plan, "model.2.cv2.conv").tensor.bitWidth, std::max(bits, 4));
            EXPECT_EQ(activation(plan, "model.2.m.0.cv1.conv").tensor.bitWidth, std::max(bits, 4));
            ASSERT_EQ(plan.warnings.size(), 1u) << pattern << " " << bits;
            EXPECT_NE(plan.warnings[0].find("both read it with " + std::to_string(std::max(bits, 4)) + " bits"),
                      std::string::npos)
                << plan.warnings[0];
        }
    config.quantization.layerConfigs = {activationBits("model\\.2\\.", 6)};
    EXPECT_TRUE(resolve().warnings.empty()) << "they agree";
}

TEST_F(Plan, CalibrationSettingsCanBeGivenALayer) {
    config.quantization.layerConfigs = {entry("model.1.conv")};
    config.quantization.layerConfigs[0].calibration.method = CalibrationMethod::Percentile;
    config.quantization.layerConfigs[0].fakeQuantize.eps = 0.5;
    const QuantPlan plan = resolve();
    EXPECT_EQ(activation(plan, "model.1.conv").calibration.method, CalibrationMethod::Percentile);
    EXPECT_EQ(weight(plan, "model.1.conv").fakeQuantize.eps, 0.5);
    EXPECT_EQ(activation(plan, "model.3.conv").calibration.method, config.calibration.method);
}

// Query and key of an attention: both operands of the product have a grid; a permutation shares that of what it moves.
TEST(PlanOfProducts, QuantizesBothOperands) {
    Graph graph;
    const ValueId image = graph.addInput("images", {1, 3, 8, 8});
    const auto conv = [&](const std::string& name) {
        return graph.add(name, Conv2d{}, {image, graph.addParameter(name + ".weight", nullptr, {4, 3, 1, 1})});
    };
    const ValueId query = conv("query");
    const ValueId key = graph.add("turn", Permute{{0, 1, 3, 2}}, {conv("key")});
    const ValueId product = graph.add("product", MatMul{}, {query, key});
    graph.setOutput("decoded", product);
    Config config;
    const QuantPlan plan = resolvePlan(graph, config);
    EXPECT_EQ(plan.weights.size(), 2u) << "a product has none";
    ASSERT_EQ(plan.groups.size(), 3u) << "image, query and key";
    const NodeId reader = *graph.findNode("product");
    EXPECT_EQ(plan.groups[1].name, "query");
    EXPECT_EQ(plan.groups[1].readers, std::vector{reader});
    EXPECT_EQ(plan.groups[2].name, "key") << "before the permutation";
    EXPECT_EQ(plan.groups[2].readers, std::vector{reader});

    config.quantization.layerConfigs = {activationBits("^product$", 6)};
    const QuantPlan narrow = resolvePlan(graph, config);
    EXPECT_EQ(narrow.groups[1].how.tensor.bitWidth, 6);
    EXPECT_EQ(narrow.groups[2].how.tensor.bitWidth, 6);
    EXPECT_TRUE(narrow.warnings.empty());
}

}  // namespace
}  // namespace qat
