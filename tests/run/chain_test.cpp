// Batch norm, activation and quantizer in one pass against the composition of plain libtorch calls: forward, backward,
// running statistics, ranges. The reference runs in double, so tolerances are those of our float arithmetic.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/error.h"
#include "ops/chain_tensors.h"
#include "ops/fake_quantize.h"
#include "ops/fused_activation.h"
#include "ops/portable.h"
#include "support/tensors.h"

namespace qat {
namespace {

using test::randomTensor;

struct ChainCase {
    bool norm = false;
    std::optional<ActivationKind> activation;
    std::optional<FakeQuantMode> quantizer;
    bool train = false;
};

std::string nameOf(const ChainCase& c) {
    std::string name = c.norm ? "Norm" : "";
    if (c.activation) name += std::array{"Relu", "Silu", "Sigmoid"}[static_cast<size_t>(*c.activation)];
    if (c.quantizer) name += *c.quantizer == FakeQuantMode::Ste ? "Ste" : "Lsq";
    return name + (c.train ? "Train" : "Eval");
}

std::vector<ChainCase> chainCases(const std::vector<bool>& withNorm) {
    std::vector<ChainCase> cases;
    for (const bool norm : withNorm)
        for (const std::optional<ActivationKind> activation :
             {std::optional<ActivationKind>{}, {ActivationKind::Relu}, {ActivationKind::Silu}})
            for (const std::optional<FakeQuantMode> quantizer :
                 {std::optional<FakeQuantMode>{}, {FakeQuantMode::Ste}, {FakeQuantMode::Lsq}})
                for (const bool train : {false, true})
                    if (norm || activation || quantizer) cases.push_back({norm, activation, quantizer, train});
    return cases;
}

// The chain with leaf tensors, of float (for ours) or double (for the composition).
struct Leaves {
    at::Tensor x, weight, bias, mean, variance, scale, zero;
    explicit Leaves(at::ScalarType type, const Shape& shape = {3, 20, 17, 13}) {
        const int64_t channels = shape[1];
        const auto leaf = [&](at::Tensor tensor) { return tensor.to(type).requires_grad_(true); };
        x = leaf(randomTensor(shape, 1, -2, 3));
        weight = leaf(randomTensor({channels}, 2, -1.5, 1.5));
        bias = leaf(randomTensor({channels}, 3));
        mean = randomTensor({channels}, 4).to(type);
        variance = randomTensor({channels}, 5, 0.3, 2).to(type);
        scale = leaf(at::full({1}, 0.013f));
        zero = at::full({1}, -11.0f).to(type);
    }
};

FakeQuantize quantizerOp(FakeQuantMode mode) {
    return {mode, 8, -128, 127, -1, mode == FakeQuantMode::Ste ? 0.7 : 1.3, false};
}

ActivationChain chainOf(const ChainCase& c) {
    ActivationChain chain;
    if (c.norm) chain.norm = BatchNorm{};
    if (c.activation) chain.activation = Activation{*c.activation};
    if (c.quantizer) chain.quantizer = quantizerOp(*c.quantizer);
    return chain;
}

ChainTensors tensorsOf(const ChainCase& c, const Leaves& l) {
    ChainTensors t;
    if (c.norm) t.weight = l.weight, t.bias = l.bias, t.runningMean = l.mean, t.runningVar = l.variance;
    if (c.quantizer) t.scale = l.scale, t.zeroPoint = l.zero;
    return t;
}

at::Tensor composition(const ChainCase& c, const Leaves& l) {
    at::Tensor y = l.x;
    if (c.norm) y = portableForward(BatchNorm{}, {y, l.weight, l.bias, l.mean, l.variance}, c.train)[0];
    if (c.activation) y = portableForward(Activation{*c.activation}, {y}, c.train)[0];
    if (c.quantizer) y = portableForward(quantizerOp(*c.quantizer), {y, l.scale, l.zero}, c.train)[0];
    return y;
}

// Which values before the quantizer lie so close to where a code or a slope changes that float and double may see
// them on different sides: our float values are right to 3e-6, a 4000th of a step.
at::Tensor undecided(const ChainCase& c, const Leaves& l) {
    ChainCase front = c;
    front.quantizer.reset();
    const at::Tensor place = composition(front, l) / l.scale;
    const at::Tensor codes =
        c.quantizer ? (place - at::floor(place) - 0.5).abs().lt(2e-3) : at::zeros_like(place, at::kBool);
    if (c.activation != ActivationKind::Relu) return codes;
    front.activation.reset();
    return codes.logical_or(composition(front, l).abs().lt(1e-4));
}

// Single elements of x move on until none is undecided.
void decide(const ChainCase& c, Leaves& l) {
    const at::NoGradGuard noGrad;
    for (int round = 0; round < 100; ++round) {
        const at::Tensor which = undecided(c, l);
        if (!which.any().item<bool>()) return;
        l.x.add_(which, 1.0 / 256);
    }
    FAIL() << "some value stays on a boundary";
}

class Chain : public testing::TestWithParam<ChainCase> {};

TEST_P(Chain, ForwardAndBackwardEqualTheComposition) {
    const ChainCase& c = GetParam();
    Leaves ours(at::kFloat), theirs(at::kDouble);
    ASSERT_NO_FATAL_FAILURE(decide(c, theirs));
    ours.x.detach().copy_(theirs.x.detach());
    theirs.x.detach().copy_(ours.x.detach());  // the very numbers
    const at::Tensor y = applyChain(chainOf(c), ours.x, tensorsOf(c, ours), c.train, false);
    const at::Tensor expected = composition(c, theirs);
    EXPECT_LE(test::maxDifference(y, expected), 3e-6);
    const at::Tensor g = randomTensor(y.sizes().vec(), 9);
    y.backward(g);
    expected.backward(g.to(at::kDouble));
    EXPECT_LE(test::maxDifference(ours.x.grad(), theirs.x.grad()), 2e-5) << "input gradient";
    if (c.norm) {
        EXPECT_LE(test::maxDifference(ours.weight.grad(), theirs.weight.grad()), 2e-4) << "weight gradient";
        EXPECT_LE(test::maxDifference(ours.bias.grad(), theirs.bias.grad()), 2e-4) << "bias gradient";
    }
    if (c.quantizer == FakeQuantMode::Lsq) {
        EXPECT_LE(test::relativeDifference(ours.scale.grad(), theirs.scale.grad()), 1e-4) << "scale gradient";
    }
}

TEST_P(Chain, WithoutGradientTheSameBitsAlsoInPlace) {
    const ChainCase& c = GetParam();
    Leaves a(at::kFloat), b(at::kFloat), d(at::kFloat);
    const at::Tensor recorded = applyChain(chainOf(c), a.x, tensorsOf(c, a), c.train, false);
    const at::NoGradGuard noGrad;
    const at::Tensor kept = b.x.detach().clone();
    EXPECT_TRUE(at::equal(applyChain(chainOf(c), b.x, tensorsOf(c, b), c.train, false), recorded));
    EXPECT_TRUE(at::equal(b.x, kept)) << "the input was written";
    const at::Tensor reused = d.x.detach().contiguous(at::MemoryFormat::ChannelsLast).clone();
    const at::Tensor inPlace = applyChain(chainOf(c), reused, tensorsOf(c, d), c.train, true);
    EXPECT_TRUE(at::equal(inPlace, recorded));
    EXPECT_EQ(inPlace.data_ptr(), reused.data_ptr());
}

class NormChain : public Chain {};

TEST_P(NormChain, RunningStatisticsMoveInTrainingOnly) {
    const ChainCase& c = GetParam();
    Leaves l(at::kFloat);
    const at::Tensor mean = l.mean.clone(), variance = l.variance.clone();
    applyChain(chainOf(c), l.x, tensorsOf(c, l), c.train, false);
    at::batch_norm(l.x.detach(), l.weight.detach(), l.bias.detach(), mean, variance, c.train, 0.03, 1e-3, false);
    EXPECT_LE(test::maxDifference(l.mean, mean), 1e-6);
    EXPECT_LE(test::maxDifference(l.variance, variance), 1e-6);
}

TEST_P(Chain, BitsDoNotDependOnTheNumberOfThreads) {
    const ChainCase& c = GetParam();
    const int before = at::get_num_threads();
    std::vector<std::vector<at::Tensor>> results;
    for (const int threads : {1, 2}) {
        at::set_num_threads(threads);
        Leaves l(at::kFloat, {2, 24, 31, 33});
        const at::Tensor y = applyChain(chainOf(c), l.x, tensorsOf(c, l), c.train, false);
        y.backward(randomTensor(y.sizes().vec(), 9));
        std::vector<at::Tensor>& result = results.emplace_back();
        for (const at::Tensor& t :
             {y.detach(), l.x.grad(), l.weight.grad(), l.bias.grad(), l.scale.grad(), l.mean, l.variance})
            if (t.defined()) result.push_back(t);
    }
    at::set_num_threads(before);
    ASSERT_EQ(results[0].size(), results[1].size());
    for (size_t i = 0; i < results[0].size(); ++i) EXPECT_TRUE(at::equal(results[0][i], results[1][i])) << i;
}

INSTANTIATE_TEST_SUITE_P(All, Chain, testing::ValuesIn(chainCases({false, true})),
                         [](const auto& info) { return nameOf(info.param); });
INSTANTIATE_TEST_SUITE_P(All, NormChain, testing::ValuesIn(chainCases({true})),
                         [](const auto& info) { return nameOf(info.param); });

TEST(ChainRange, IsTheTrueExtremesInFrontOfTheQuantizer) {
    const ChainCase c{true, ActivationKind::Silu, FakeQuantMode::Ste, false};
    const at::NoGradGuard noGrad;
    Leaves l(at::kFloat);
    std::pair<float, float> range;
    ChainTensors tensors = tensorsOf(c, l);
    tensors.range = &range;
    applyChain(chainOf(c), l.x, tensors, false, false);
    const at::Tensor before =
        applyChain(chainOf({true, ActivationKind::Silu, {}, false}), l.x, tensorsOf(c, l), false, false);
    EXPECT_EQ(range.first, before.min().item<float>());
    EXPECT_EQ(range.second, before.max().item<float>());
    l.x.detach()[1][2][3][4] = std::numeric_limits<float>::quiet_NaN();
    applyChain(chainOf(c), l.x, tensors, false, false);
    EXPECT_TRUE(std::isnan(range.first) && std::isnan(range.second));
}

TEST(ChainErrors, TrainingNormOfASingleValueIsRefused) {
    const ChainCase c{true, {}, {}, true};
    const Leaves l(at::kFloat, {1, 4, 1, 1});
    EXPECT_THROW(applyChain(chainOf(c), l.x, tensorsOf(c, l), true, false), Error);
}

TEST(Chain, LearnedScaleBelowTheFloorCountsAsTheFloor) {
    const ChainCase c{false, {}, FakeQuantMode::Lsq, false};
    ActivationChain chain = chainOf(c);
    chain.quantizer->floor = 0.013;
    Leaves at(at::kFloat), below(at::kFloat);
    at.scale = at::full({1}, 0.013f).requires_grad_(true);
    below.scale = at::full({1}, -0.5f).requires_grad_(true);
    const at::Tensor a = applyChain(chain, at.x, tensorsOf(c, at), false, false);
    const at::Tensor b = applyChain(chain, below.x, tensorsOf(c, below), false, false);
    EXPECT_TRUE(at::equal(a, b));
    const at::Tensor g = randomTensor(a.sizes().vec(), 9);
    a.backward(g), b.backward(g);
    EXPECT_EQ(at.scale.grad().item<float>(), below.scale.grad().item<float>()) << "which brings it back";
}

}  // namespace
}  // namespace qat
