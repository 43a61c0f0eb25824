// Folding batch norms: the same function, only where nobody else looks, and integer codes that stay what they are.
#include "passes/fold_batch_norm.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "models/weights.h"
#include "models/yolov8.h"
#include "ops/fake_quantize.h"
#include "run/executor.h"
#include "run/sample_graphs.h"
#include "support/tensors.h"

namespace qat {
namespace {

using test::addNorm;
using test::randomParameter;
using test::randomTensor;

constexpr int64_t kOut = 64, kIn = 32;

// images -> conv [64,32,3,3] -> bn -> out, the weight quantized on request.
struct Sample {
    Graph graph;
    ValueId weight;
    explicit Sample(const FakeQuantize* op = nullptr, float scale = 0.01f, float zeroPoint = 0) {
        const ValueId x = graph.addInput("images", {1, kIn, 8, 8});
        weight = randomParameter(graph, "c.weight", {kOut, kIn, 3, 3}, 1, -0.7, 0.7);
        ValueId w = weight;
        if (op) {
            const int64_t count = op->axis < 0 ? 1 : kOut;
            const auto stored = [&](at::Tensor tensor) { return std::make_shared<at::Tensor>(std::move(tensor)); };
            const at::Tensor scales = scale * randomTensor({count}, 8, 0.5, 1.5);
            const ValueId s = graph.addParameter("c.weight.scale", stored(scales), {count});
            const ValueId z = graph.addBuffer("c.weight.zero_point", stored(at::full({count}, zeroPoint)), {count});
            w = graph.add("c.weight.quant", *op, {weight, s, z});
        }
        graph.setOutput("out",
                        addNorm(graph, "c", graph.add("c", Conv2d{{1, 1}, {1, 1}, {1, 1}, 1}, {x, w}), kOut, 40));
    }
    at::Tensor run() const { return Executor(graph, {.outputs = {"out"}}).run(randomTensor({2, kIn, 8, 8}, 3))[0]; }
    at::Tensor codes() const {
        const Node& node = graph.node(*graph.findNode("c.weight.quant"));
        const auto data = [&](size_t i) { return *graph.value(node.inputs[i]).data; };
        return quantizedCodes(std::get<FakeQuantize>(node.op), data(0), data(1), data(2));
    }
    at::Tensor factor() const {
        const auto data = [&](const char* name) {
            return *graph.value(*graph.findValue(std::string("c.bn.") + name)).data;
        };
        return data("weight") / at::sqrt(data("running_var") + 1e-3);
    }
};

TEST(Fold, KeepsTheFunction) {
    Sample sample;
    const at::Tensor before = sample.run();
    EXPECT_EQ(foldBatchNorm(sample.graph), 1);
    EXPECT_LT(test::relativeDifference(sample.run(), before), 1e-5);
    EXPECT_EQ(sample.graph.findNode("c.bn"), std::nullopt);
    EXPECT_TRUE(sample.graph.findValue("c.bias").has_value());
    EXPECT_EQ(foldBatchNorm(sample.graph), 0);
}

TEST(Fold, TakesAnExistingBiasAlong) {
    Graph graph;
    const ValueId x = graph.addInput("images", {1, 3, 8, 8});
    const ValueId w = randomParameter(graph, "c.weight", {5, 3, 3, 3}, 1), b = randomParameter(graph, "c.bias", {5}, 2);
    graph.setOutput("out", addNorm(graph, "c", graph.add("c", Conv2d{}, {x, w, b}), 5, 40));
    const auto run = [&] { return Executor(graph, {.outputs = {"out"}}).run(randomTensor({1, 3, 8, 8}, 3))[0]; };
    const at::Tensor before = run();
    EXPECT_EQ(foldBatchNorm(graph), 1);
    EXPECT_LT(test::maxDifference(run(), before), 1e-5);
}

TEST(Fold, LeavesTensorsOfSharingClonesAlone) {
    Sample sample;
    Graph shared = sample.graph.clone(false);
    const at::Tensor before = sample.run();
    foldBatchNorm(shared);
    EXPECT_TRUE(at::equal(sample.run(), before));
}

TEST(Fold, WholeDetectorStaysWithinATenThousandth) {
    Random random(4);
    Graph graph = buildYolov8("n", 5, random);
    uint64_t seed = 100;
    for (const auto& [name, tensor] : stateDict(graph)) {  // batch norms that do something
        if (name.ends_with("running_mean") || name.ends_with("bn.bias"))
            *tensor = randomTensor(tensor->sizes().vec(), ++seed, -0.3, 0.3);
        if (name.ends_with("running_var") || name.ends_with("bn.weight"))
            *tensor = randomTensor(tensor->sizes().vec(), ++seed, 0.5, 1.5);
    }
    const std::vector<std::string> outputs{"head.0", "head.1", "head.2"};
    const at::Tensor input = randomTensor({1, 3, 64, 64}, 1, 0, 1);
    const auto before = Executor(graph, {.outputs = outputs}).run(input);
    EXPECT_EQ(foldBatchNorm(graph), 57);
    const auto after = Executor(graph, {.outputs = outputs}).run(input);
    for (size_t i = 0; i < outputs.size(); ++i) EXPECT_LT(test::maxDifference(after[i], before[i]), 1e-4) << outputs[i];
    EXPECT_EQ(foldBatchNorm(graph), 0);
}

TEST(Fold, DoesNotFireWhereSomebodyElseReadsTheConvolution) {
    Sample node, output;
    node.graph.setOutput("relu",
                         node.graph.add("relu", Activation{ActivationKind::Relu}, {*node.graph.findValue("c")}));
    output.graph.setOutput("inner", *output.graph.findValue("c"));
    for (Sample* sample : {&node, &output}) {
        const std::string before = dumpGraph(sample->graph);
        const at::Tensor weight = sample->graph.value(sample->weight).data->clone();
        EXPECT_EQ(foldBatchNorm(sample->graph), 0);
        EXPECT_EQ(dumpGraph(sample->graph), before);
        EXPECT_TRUE(at::equal(*sample->graph.value(sample->weight).data, weight));
    }
}

TEST(Fold, DoesNotFireWhereTheWeightIsShared) {
    Sample sample;
    const ValueId x = sample.graph.inputs().front();
    sample.graph.setOutput("other", sample.graph.add("d", Conv2d{}, {x, sample.weight}));
    EXPECT_EQ(foldBatchNorm(sample.graph), 0);
    verify(sample.graph);
}

TEST(Fold, DoesNotFireWithoutAConvolution) {
    Graph graph;
    const ValueId x = graph.addInput("images", {1, 4, 8, 8});
    graph.setOutput("out", addNorm(graph, "c", x, 4, 1));
    EXPECT_EQ(foldBatchNorm(graph), 0);
}

// Its output channels lie elsewhere in the weight, and no family has a norm there.
TEST(Fold, DoesNotFireBehindATransposedConvolution) {
    Graph graph;
    const ValueId x = graph.addInput("images", {1, 4, 8, 8}),
                  y = graph.add("c", ConvTranspose2d{}, {x, randomParameter(graph, "c.weight", {4, 4, 2, 2}, 1)});
    graph.setOutput("out", addNorm(graph, "c", y, 4, 1));
    EXPECT_EQ(foldBatchNorm(graph), 0);
}

struct QuantizedCase {
    FakeQuantMode mode;
    int64_t bits, axis;
};

class QuantizedFold : public testing::TestWithParam<QuantizedCase> {};

TEST_P(QuantizedFold, KeepsEveryCodeUpToTheSignOfGamma) {
    const auto& [mode, bits, axis] = GetParam();
    const int64_t largest = (int64_t{1} << (bits - 1)) - 1;
    const FakeQuantize op{mode, bits, -largest, largest, axis, 1.0, true};
    Sample sample(&op, 0.7f / static_cast<float>(largest));
    const at::Tensor factor = sample.factor(), codes = sample.codes(), before = sample.run();
    ASSERT_TRUE(factor.lt(0).any().item<bool>() && factor.gt(0).any().item<bool>());
    EXPECT_EQ(foldBatchNorm(sample.graph), 1);
    EXPECT_TRUE(at::equal(sample.codes(), codes * factor.sign().reshape({-1, 1, 1, 1})));
    EXPECT_LT(test::relativeDifference(sample.run(), before), 1e-5);
    const Node& node = sample.graph.node(*sample.graph.findNode("c.weight.quant"));
    EXPECT_EQ(sample.graph.value(node.inputs[1]).shape, Shape{kOut});
    EXPECT_EQ(std::get<FakeQuantize>(node.op).axis, 0);
}

INSTANTIATE_TEST_SUITE_P(Fold, QuantizedFold,
                         testing::Values(QuantizedCase{FakeQuantMode::Lsq, 8, 0},
                                         QuantizedCase{FakeQuantMode::Lsq, 4, -1},
                                         QuantizedCase{FakeQuantMode::Ste, 8, -1},
                                         QuantizedCase{FakeQuantMode::Ste, 2, 0},
                                         QuantizedCase{FakeQuantMode::Ste, 16, 0}));

TEST(Fold, WeightsOnARoundingBoundaryKeepTheirCode) {
    const FakeQuantize op{FakeQuantMode::Lsq, 8, -127, 127, -1, 1.0, true};
    Sample sample(&op, 0.01f);
    // Halfway between codes, a rounding step to either side.
    at::Tensor& weight = *sample.graph.value(sample.weight).data;
    const at::Tensor scale = *sample.graph.value(*sample.graph.findValue("c.weight.scale")).data;
    weight = (at::round(weight / scale) + 0.5) * scale * (1 + randomTensor(weight.sizes().vec(), 5, -1e-7, 1e-7));
    const at::Tensor codes = sample.codes(), factor = sample.factor();
    foldBatchNorm(sample.graph);
    EXPECT_TRUE(at::equal(sample.codes(), codes * factor.sign().reshape({-1, 1, 1, 1})));
}

// Channels that a network has switched off.
TEST(Fold, ScalesStayAboveZeroWhereTheFactorIsZero) {
    for (const int64_t axis : {int64_t{-1}, int64_t{0}}) {
        const FakeQuantize op{FakeQuantMode::Ste, 8, -127, 127, axis, 1.0, true};
        Sample sample(&op);
        at::Tensor& gamma = *sample.graph.value(*sample.graph.findValue("c.bn.weight")).data;
        gamma.slice(0, 0, 7).zero_();
        const at::Tensor before = sample.run(), codes = sample.codes(), factor = sample.factor();
        EXPECT_EQ(foldBatchNorm(sample.graph), 1);
        EXPECT_GT(sample.graph.value(*sample.graph.findValue("c.weight.scale")).data->min().item<float>(), 0);
        EXPECT_TRUE(at::equal(sample.codes(), codes * factor.sign().reshape({-1, 1, 1, 1})));
        EXPECT_LT(test::relativeDifference(sample.run(), before), 1e-5);
    }
}

TEST(Fold, GridsThatCannotBeMirroredAreRefusedByName) {
    const FakeQuantize lopsided{FakeQuantMode::Ste, 8, -128, 127, -1, 1.0, true};
    const FakeQuantize shifted{FakeQuantMode::Ste, 8, -127, 127, -1, 1.0, true};
    const FakeQuantize otherAxis{FakeQuantMode::Ste, 8, -127, 127, 1, 1.0, true};
    for (Sample sample : {Sample(&lopsided), Sample(&shifted, 0.01f, 3)}) {
        try {
            foldBatchNorm(sample.graph);
            FAIL();
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
            EXPECT_TRUE(std::string(error.what()).starts_with("c: ")) << error.what();
        }
    }
    Sample inner(&otherAxis);
    EXPECT_THROW(foldBatchNorm(inner.graph), Error);
}

}  // namespace
}  // namespace qat
