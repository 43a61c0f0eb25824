// Corrections after convolutions: identity changes nothing, folding keeps function and codes.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "ops/fake_quantize.h"
#include "passes/channel_affine.h"
#include "passes/pipeline.h"
#include "run/executor.h"
#include "run/sample_graphs.h"
#include "support/tensors.h"

namespace qat {
namespace {

using test::randomTensor;

constexpr int64_t kAffineIn = 16, kAffineOut = 32;

// images -> 8-bit codes -> conv [32,16,3,3] with 4-bit weights -> [bn] -> SiLU -> 8-bit codes -> out.
struct AffineSample {
    Graph graph;
    NodeId convolution;

    explicit AffineSample(int64_t axis, bool norm = false, int64_t qmin = -7) {
        const auto stored = [](at::Tensor tensor) { return std::make_shared<at::Tensor>(std::move(tensor)); };
        const auto range = [&](const std::string& name, double scale, double zero, int64_t count) {
            const ValueId s =
                graph.addParameter(name + ".scale", stored(scale * randomTensor({count}, 8, 0.8, 1.2)), {count});
            return std::pair{s, graph.addBuffer(name + ".zero_point", stored(at::full({count}, zero)), {count})};
        };
        const FakeQuantize codes{FakeQuantMode::Ste, 8, 0, 255, -1, 1.0, false};
        const ValueId x = graph.addInput("images", {1, kAffineIn, 8, 8});
        const auto [xs, xz] = range("x", 0.01, 128, 1);
        const ValueId q = graph.add("x.quant", codes, {x, xs, xz});
        const ValueId weight = test::randomParameter(graph, "c.weight", {kAffineOut, kAffineIn, 3, 3}, 1, -0.3, 0.3);
        const auto [ws, wz] = range("c.weight", 0.3 / 7, 0, axis < 0 ? 1 : kAffineOut);
        const FakeQuantize grid{FakeQuantMode::Lsq, 4, qmin, 7, axis, 1.0, true};
        const ValueId w = graph.add("c.weight.quant", grid, {weight, ws, wz});
        const ValueId bias = test::randomParameter(graph, "c.bias", {kAffineOut}, 3, -0.5, 0.5);
        ValueId y = graph.add("c", Conv2d{{1, 1}, {1, 1}, {1, 1}, 1}, {q, w, bias});
        convolution = *graph.findNode("c");
        if (norm) y = test::addNorm(graph, "c", y, kAffineOut, 40);
        y = graph.add("act", Activation{ActivationKind::Silu}, {y});
        const auto [ys, yz] = range("y", 0.02, 14, 1);
        graph.setOutput("float", y);
        graph.setOutput("out", graph.add("y.quant", codes, {y, ys, yz}));
    }

    // Factors of either sign and offsets.
    ChannelAffine correct() {
        const ChannelAffine affine = insertAffine(graph, convolution);
        at::Tensor gamma = randomTensor({kAffineOut}, 5, 0.6, 1.4);
        gamma.slice(0, 3, 8).neg_();
        gamma[12] = 0;
        graph.value(affine.gamma).data->copy_(gamma);
        graph.value(affine.beta).data->copy_(randomTensor({kAffineOut}, 6, -0.4, 0.4));
        return affine;
    }
    at::Tensor run(const char* output = "float") const {
        return Executor(graph, {.outputs = {output}}).run(randomTensor({2, kAffineIn, 8, 8}, 9, -1, 1))[0];
    }
    at::Tensor codes() const {
        const Node& node = graph.node(*graph.findNode("c.weight.quant"));
        const auto data = [&](size_t i) { return *graph.value(node.inputs[i]).data; };
        return quantizedCodes(std::get<FakeQuantize>(node.op), data(0), data(1), data(2));
    }
    int64_t scales() const { return graph.value(*graph.findValue("c.weight.scale")).data->numel(); }
};

TEST(Affine, IdentityChangesNoBit) {
    for (const bool norm : {false, true})
        for (const int64_t axis : {-1, 0}) {
            const AffineSample plain(axis, norm);
            AffineSample corrected(axis, norm);
            const ChannelAffine affine = insertAffine(corrected.graph, corrected.convolution);
            verify(corrected.graph);
            EXPECT_TRUE(at::equal(corrected.run(), plain.run()));
            foldAffine(corrected.graph, affine, true);
            EXPECT_TRUE(at::equal(corrected.run(), plain.run())) << "folded";
        }
}

struct FoldCase {
    const char* name;
    int64_t axis;
    bool norm, perChannel;
    int64_t qmin;
    AffineForm form;
};

class AffineFold : public testing::TestWithParam<FoldCase> {};

TEST_P(AffineFold, KeepsFunctionAndCodes) {
    const FoldCase& c = GetParam();
    AffineSample sample(c.axis, c.norm, c.qmin);
    const at::Tensor codes = sample.codes();
    const int64_t scales = sample.scales();
    const ChannelAffine affine = sample.correct();
    const at::Tensor gamma = sample.graph.value(affine.gamma).data->clone(), before = sample.run();
    EXPECT_EQ(foldAffine(sample.graph, affine, c.perChannel), c.form);
    verify(sample.graph);
    EXPECT_LT(test::relativeDifference(sample.run(), before), 1e-6);
    const bool mirrored = c.form == AffineForm::Scales;
    EXPECT_TRUE(at::equal(sample.codes(), mirrored ? codes * gamma.sign().reshape({-1, 1, 1, 1}) : codes));
    EXPECT_EQ(sample.scales(), mirrored ? kAffineOut : scales);
    EXPECT_EQ(sample.graph.findNode("c.qc"), std::nullopt);
    EXPECT_EQ(sample.graph.findNode("c.qc.offset").has_value(), c.form == AffineForm::Operations);
}

// What runtimes see: integers up to the sums, then the correction.
TEST_P(AffineFold, OnIntegersItIsTheSameToo) {
    const FoldCase& c = GetParam();
    AffineSample sample(c.axis, c.norm, c.qmin);
    const ChannelAffine affine = sample.correct();
    const at::Tensor before = sample.run();
    foldAffine(sample.graph, affine, c.perChannel);
    const Graph form = inferenceForm(sample.graph);
    const at::Tensor after =
        Executor(form, {.outputs = {"float"}}).run(randomTensor({2, kAffineIn, 8, 8}, 9, -1, 1))[0];
    EXPECT_LT(test::relativeDifference(after, before), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Forms, AffineFold,
                         testing::Values(FoldCase{"PerChannelScales", 0, false, false, -7, AffineForm::Scales},
                                         FoldCase{"OneScaleStaysOne", -1, false, false, -7, AffineForm::Operations},
                                         FoldCase{"OneScaleBecomesMany", -1, false, true, -7, AffineForm::Scales},
                                         FoldCase{"LopsidedGrid", 0, false, true, -8, AffineForm::Operations},
                                         FoldCase{"BatchNormBehind", -1, true, false, -7, AffineForm::Norm}),
                         [](const auto& info) { return info.param.name; });

TEST(Affine, KeptOperationsStandForTheConvolution) {
    AffineSample sample(-1);
    const ValueId output = sample.graph.node(sample.convolution).outputs.front();
    EXPECT_EQ(correctedOutput(sample.graph, output), output);
    foldAffine(sample.graph, sample.correct(), false);
    EXPECT_EQ(correctedOutput(sample.graph, output), *sample.graph.findValue("c.qc.offset"));
}

TEST(Affine, StandsBehindConvolutionsOnly) {
    AffineSample sample(0);
    EXPECT_THROW(insertAffine(sample.graph, *sample.graph.findNode("act")), Error);
}

}  // namespace
}  // namespace qat
