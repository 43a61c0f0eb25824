// The quantized twins of classifiers: which grids their layers get, and that users come before the reference.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "models/family.h"
#include "models/reference_quantizers.h"
#include "quant/quantizer_set.h"

namespace qat {
namespace {

using Codes = std::pair<int64_t, int64_t>;  // the least and the largest of a grid

Graph twin(const char* name) {
    FamilyMember member = *memberNamed(name);
    member.spec.numClasses = 10, member.spec.side = 32;
    Random random(1);
    Graph graph = buildMember(member, &random);
    declareReference(graph);
    return graph;
}

Config twinConfig(int weightBits, int activationBits) {
    Config config;
    config.quantization.weight.bitWidth = weightBits, config.quantization.activation.bitWidth = activationBits;
    config.qat.fuseModules = false;
    return config;
}

const Quantizer& named(const QuantizerSet& set, std::string_view name) {
    const auto found = std::ranges::find(set.all(), name, &Quantizer::name);
    EXPECT_NE(found, set.all().end()) << name;
    return *found;
}

TEST(Twin, CnvLiesOnConstantGrids) {
    for (const int bits : {1, 2, 4, 8}) {
        Graph graph = twin("quant_cnv");
        const QuantizerSet set(graph, resolvePlan(graph, twinConfig(bits, bits)));
        const auto scaleOf = [&](const Quantizer& q) { return graph.value(q.scale).data->item<float>(); };
        int weights = 0, activations = 0;
        for (const Quantizer& q : set.all()) {
            if (q.name == "normalize.deviation") continue;
            (q.weight ? weights : activations)++;
            const int64_t largest = bits == 1 ? 1 : (int64_t{1} << (bits - 1)) - 1;
            EXPECT_EQ(q.grid.bits, bits) << q.name << ", the last layer too";
            EXPECT_EQ(q.grid.format, bits == 1 ? NumberFormat::Binary : NumberFormat::Integer) << q.name;
            EXPECT_EQ(Codes(q.grid.qmin, q.grid.qmax), Codes(-largest, largest)) << q.name;
            EXPECT_FLOAT_EQ(scaleOf(q), 1.0f / static_cast<float>(largest)) << q.name;
        }
        EXPECT_EQ(weights, 9);
        EXPECT_EQ(activations, 8);
        const Quantizer& pictures = named(set, "normalize.deviation");
        EXPECT_EQ(Codes(pictures.grid.qmin, pictures.grid.qmax), Codes(-128, 127));
        EXPECT_EQ(scaleOf(pictures), 1.0f / 128);
    }
}

TEST(Twin, ResnetKeepsItsEndsAndSignsOfAddends) {
    Graph graph = twin("quant_resnet20");
    const QuantPlan plan = resolvePlan(graph, twinConfig(3, 4));
    for (const WeightPlan& weight : plan.weights) {
        const std::string& name = graph.node(weight.node).name;
        EXPECT_EQ(weight.how.tensor.bitWidth, name == "conv1" || name == "linear" ? 8 : 3) << name;
        EXPECT_EQ(weight.how.tensor.scheme, Scheme::PerChannel);
        EXPECT_EQ(weight.how.fakeQuantize.type, FakeQuantKind::Custom) << "the largest weight, not learned";
        EXPECT_EQ(plan.declared.at(weight.node), "quant_resnet20");
    }
    const auto& values = plan.values.at(*graph.findNode("layer2.0.conv1"));
    EXPECT_EQ(values.at("config.weight.bit_width").origin, "default") << "the configuration's";
    EXPECT_EQ(values.at("config.weight.observer").origin, "quant_resnet20");
    const QuantizerSet set(graph, plan);
    EXPECT_EQ(named(set, "normalize.deviation").grid.bits, 8) << "pictures";
    const Quantizer &hidden = named(set, "layer2.0.relu1"), &addend = named(set, "layer2.0.bn2"),
                    &padded = named(set, "layer2.0.pad");
    EXPECT_EQ(Codes(hidden.grid.qmin, hidden.grid.qmax), Codes(0, 15));
    EXPECT_EQ(Codes(addend.grid.qmin, addend.grid.qmax), Codes(-7, 7));
    EXPECT_EQ(Codes(padded.grid.qmin, padded.grid.qmax), Codes(0, 15));
    EXPECT_EQ(hidden.how.fakeQuantize.type, FakeQuantKind::Lsq);
    EXPECT_NE(hidden.how.tensor.observer, ObserverKind::CustomMinMax) << "it starts where calibration puts it";
}

TEST(Twin, PatternsAndTheSwitchComeBeforeTheReference) {
    Graph graph = twin("quant_cnv");
    Config config = twinConfig(1, 2);
    config.qat.useMixedPrecision = true;
    LayerConfig entry;
    entry.pattern = "linear_features\\.6";
    entry.weight.bitWidth = 8;
    config.quantization.layerConfigs = {entry};
    QuantPlan plan = resolvePlan(graph, config);
    EXPECT_EQ(plan.weightOf(*graph.findNode("linear_features.6"))->how.tensor.bitWidth, 8);
    EXPECT_EQ(plan.weightOf(*graph.findNode("linear_features.3"))->how.tensor.bitWidth, 1);
    config = twinConfig(4, 4);
    config.quantization.asDeclared = false;
    plan = resolvePlan(graph, config);
    EXPECT_EQ(plan.weightOf(*graph.findNode("conv_features.1"))->how.tensor.observer, ObserverKind::MinMax);
    EXPECT_EQ(plan.weightOf(*graph.findNode("linear_features.6"))->how.tensor.bitWidth, 8) << "the policy of heads";
}

// Without a twin the picture that was normalised keeps 8 bits all the same.
TEST(Classifier, ReadsPicturesWithEightBits) {
    FamilyMember member = *memberNamed("resnet20");
    member.spec.numClasses = 10;
    Random random(1);
    Graph graph = buildMember(member, &random);
    const QuantPlan plan = resolvePlan(graph, twinConfig(4, 4));
    const ActivationGroup* group = plan.groupRead(*graph.findNode("conv1"));
    ASSERT_TRUE(group);
    EXPECT_EQ(group->name, "normalize.deviation");
    EXPECT_EQ(group->how.tensor.bitWidth, 8);
    EXPECT_EQ(plan.groupRead(*graph.findNode("layer1.0.conv1"))->how.tensor.bitWidth, 4);
}

}  // namespace
}  // namespace qat
