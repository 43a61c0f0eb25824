// Quantizers in a graph: each layer's weight and input exactly once, nothing else touched, numbers on the grid.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "models/weights.h"
#include "models/yolov8.h"
#include "ops/fake_quantize.h"
#include "quant/quantizer_set.h"
#include "run/executor.h"
#include "support/tensors.h"

namespace qat {
namespace {

struct Inserted : testing::Test {
    Random random{0};
    Graph original = buildYolov8("n", 3, random);
    Graph graph = original.clone(true);
    Config config;
    std::optional<QuantizerSet> set;

    void insert() { set.emplace(graph, resolvePlan(graph, config)); }
    const Node& nodeOf(const std::string& name) const { return graph.node(*graph.findNode(name)); }
    const FakeQuantize* quantizerMaking(ValueId value) const {
        const auto maker = graph.producer(value);
        return maker ? std::get_if<FakeQuantize>(&graph.node(*maker).op) : nullptr;
    }
    // Activation quantizers met on each way from a value back to values that ops make, through ops that carry numbers.
    void collectWays(ValueId value, int quantizers, std::set<int>& counts) const {
        const auto maker = graph.producer(value);
        if (!maker) {
            counts.insert(quantizers);
            return;
        }
        const Node& node = graph.node(*maker);
        const bool carries = std::holds_alternative<Concat>(node.op) || std::holds_alternative<Split>(node.op) ||
                             std::holds_alternative<Resize>(node.op) || std::holds_alternative<Pool>(node.op);
        if (quantizerMaking(value)) return collectWays(node.inputs[0], quantizers + 1, counts);
        if (!carries) {
            counts.insert(quantizers);
            return;
        }
        for (const ValueId input : node.inputs) collectWays(input, quantizers, counts);
    }
};

TEST_F(Inserted, EveryLayerReadsAQuantizedWeightAndInputOnce) {
    insert();
    for (const NodeId id : quantizableNodes(graph)) {
        const Node& node = graph.node(id);
        const FakeQuantize* weight = quantizerMaking(node.inputs[1]);
        ASSERT_NE(weight, nullptr) << node.name;
        EXPECT_TRUE(weight->weight);
        EXPECT_EQ(graph.value(graph.node(*graph.producer(node.inputs[1])).inputs[0]).name, node.name + ".weight");
        std::set<int> counts;
        collectWays(node.inputs[0], 0, counts);
        EXPECT_EQ(counts, std::set<int>{1}) << node.name;
        EXPECT_NE(set->weightOf(id), nullptr);
        EXPECT_NE(set->inputOf(id), nullptr);
    }
}

TEST_F(Inserted, ExpectationAndDecodingAreUntouched) {
    insert();
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        const auto before = original.findNode(node.name);
        const bool decoding = node.name.starts_with("model.22.") && !node.name.starts_with("model.22.cv");
        if (decoding) {
            ASSERT_TRUE(before.has_value()) << node.name;
            EXPECT_EQ(node.inputs, original.node(*before).inputs) << node.name;
        } else if (!before) {
            EXPECT_TRUE(std::holds_alternative<FakeQuantize>(node.op)) << node.name;
        }
    }
    EXPECT_EQ(graph.findNode("model.22.dfl.conv.weight.quant"), std::nullopt);
}

TEST_F(Inserted, OldValuesKeepTheirIds) {
    insert();
    for (int32_t i = 0; i < static_cast<int32_t>(original.valueCount()); ++i)
        EXPECT_EQ(graph.value(ValueId{i}).name, original.value(ValueId{i}).name);
    for (const Quantizer& q : set->all())
        for (const ValueId value : q.observed) EXPECT_LT(static_cast<size_t>(value.index), original.valueCount());
}

TEST_F(Inserted, MembersOfAGroupShareScaleAndZeroPoint) {
    insert();
    const Quantizer& group = *set->inputOf(*graph.findNode("model.2.cv2.conv"));
    EXPECT_EQ(group.name, "model.2.cv1.act");
    EXPECT_EQ(group.nodes.size(), 3u);
    for (const NodeId id : group.nodes) {
        EXPECT_EQ(graph.node(id).inputs[1], group.scale);
        EXPECT_EQ(graph.node(id).inputs[2], group.zeroPoint);
    }
    EXPECT_EQ(set->inputOf(*graph.findNode("model.2.m.0.cv1.conv")), &group);
}

TEST_F(Inserted, SkippedHeadIsTheOriginalHead) {
    config.qat.skipDetectionHead = true;
    insert();
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        if (!node.name.starts_with("model.22.cv")) continue;
        EXPECT_FALSE(std::holds_alternative<FakeQuantize>(node.op)) << node.name;
    }
}

TEST_F(Inserted, ScalesAreParametersOnlyWhenLearned) {
    config.qat.useLsq = true;
    config.quantization.layerConfigs = {LayerConfig{}};
    config.quantization.layerConfigs[0].pattern = "^model.1.conv$";
    config.quantization.layerConfigs[0].fakeQuantize.type = FakeQuantKind::Custom;
    insert();
    for (const Quantizer& q : set->all()) {
        const bool learned = q.how.fakeQuantize.type == FakeQuantKind::Lsq;
        EXPECT_EQ(learned, q.layers.front() != *graph.findNode("model.1.conv")) << q.name;
        EXPECT_EQ(graph.value(q.scale).kind, learned ? ValueKind::Parameter : ValueKind::Buffer) << q.name;
        EXPECT_EQ(graph.value(q.zeroPoint).kind, ValueKind::Buffer);
        EXPECT_EQ(std::get<FakeQuantize>(graph.node(q.nodes.front()).op).mode,
                  learned ? FakeQuantMode::Lsq : FakeQuantMode::Ste);
    }
}

TEST_F(Inserted, WeightScalesFollowTheirChannels) {
    insert();
    const Quantizer& q = *set->weightOf(*graph.findNode("model.3.conv"));
    const at::Tensor weight = *graph.value(*graph.findValue("model.3.conv.weight")).data;
    const at::Tensor largest = std::get<0>(weight.abs().reshape({weight.size(0), -1}).max(1));
    EXPECT_LE(test::relativeDifference(*graph.value(q.scale).data, largest / 127.0), 1e-6);
    EXPECT_TRUE(graph.value(q.zeroPoint).data->eq(0).all().item<bool>());
    EXPECT_EQ(q.grid, (QuantGrid{8, -127, 127, true}));
}

TEST_F(Inserted, LearnedWeightScalesStartAtThePublishedValue) {
    config.qat.useLsq = true;
    config.quantization.weight.bitWidth = 4;
    insert();
    const Quantizer& q = *set->weightOf(*graph.findNode("model.3.conv"));
    const Quantizer& input = *set->inputOf(*graph.findNode("model.3.conv"));
    const at::Tensor inputScale = graph.value(input.scale).data->clone();
    set->startLearnedScales(graph);
    const at::Tensor weight = *graph.value(*graph.findValue("model.3.conv.weight")).data;
    const at::Tensor expected = 2 * weight.abs().reshape({weight.size(0), -1}).mean(1) / std::sqrt(7.0);
    EXPECT_LE(test::relativeDifference(*graph.value(q.scale).data, expected), 1e-6);
    EXPECT_TRUE(at::equal(*graph.value(input.scale).data, inputScale));
}

// The published start is twice as coarse as the least error at 4 bits: what was calibrated would be thrown away.
TEST_F(Inserted, LearnedWeightScalesStartWhereTheirObserverChooses) {
    config.qat.useLsq = true;
    config.quantization.weight.bitWidth = 4;
    config.quantization.weight.observer = ObserverKind::Mse;
    insert();
    const Quantizer& q = *set->weightOf(*graph.findNode("model.3.conv"));
    const at::Tensor chosen = graph.value(q.scale).data->clone();
    set->startLearnedScales(graph);
    EXPECT_TRUE(at::equal(*graph.value(q.scale).data, chosen));
    graph.value(*graph.findValue("model.3.conv.weight")).data->mul_(0.5);  // as epochs in float might
    set->startLearnedScales(graph);
    EXPECT_LE(test::relativeDifference(*graph.value(q.scale).data, chosen * 0.5), 1e-6);
}

TEST_F(Inserted, StraightThroughScalesFollowChangedWeights) {
    insert();
    const Quantizer& q = *set->weightOf(*graph.findNode("model.3.conv"));
    const at::Tensor before = graph.value(q.scale).data->clone();
    graph.value(*graph.findValue("model.3.conv.weight")).data->mul_(0.5);
    set->followWeights(graph);
    EXPECT_LE(test::relativeDifference(*graph.value(q.scale).data, before * 0.5), 1e-6)
        << "shrinking weights narrow the range";
}

TEST_F(Inserted, LearnedScalesDoNotFollow) {
    config.qat.useLsq = true;
    insert();
    const Quantizer& q = *set->weightOf(*graph.findNode("model.3.conv"));
    const at::Tensor before = graph.value(q.scale).data->clone();
    graph.value(*graph.findValue("model.3.conv.weight")).data->mul_(0.5);
    set->followWeights(graph);
    EXPECT_TRUE(at::equal(*graph.value(q.scale).data, before));
}

TEST_F(Inserted, WeightsThatAreNotFiniteAreNamed) {
    graph.value(*graph.findValue("model.3.conv.weight")).data->view({-1})[5] = std::numeric_limits<float>::quiet_NaN();
    try {
        insert();
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        EXPECT_NE(std::string(error.what()).find("model.3.conv.weight"), std::string::npos) << error.what();
    }
}

TEST_F(Inserted, SixteenBitsChangeTheOutputLittle) {
    config.quantization.weight.bitWidth = config.quantization.activation.bitWidth = 16;
    insert();
    const at::Tensor input = test::randomTensor({1, 3, 64, 64}, 1, 0, 1);
    const std::vector<std::string> heads{"head.0", "head.1", "head.2"};
    Executor reference(original, {.outputs = heads});
    BatchObserver observer(*set);
    reference.setHook([&](ValueId id, const at::Tensor& value) { observer.see(id, value); });
    const auto expected = reference.run(input);
    observer.endBatch();
    for (const Quantizer& q : set->all()) set->applyRange(graph, q);
    const auto quantized = Executor(graph, {.outputs = heads}).run(input);
    for (size_t i = 0; i < heads.size(); ++i)
        EXPECT_LE(test::relativeDifference(quantized[i], expected[i]), 1e-3) << heads[i];
}

TEST_F(Inserted, QuantizersThatSawNothingAreNamed) {
    insert();
    try {
        set->applyRange(graph, *set->inputOf(*graph.findNode("model.3.conv")));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        EXPECT_NE(std::string(error.what()).find("model.2.cv2.act"), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace qat
