// Every op against a literal libtorch call, in values and, where it has parameters, in gradients.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/error.h"
#include "ops/forward.h"
#include "ops/portable.h"
#include "support/tensors.h"

namespace qat {
namespace {

using test::maxDifference;
using test::randomTensor;
using Tensors = std::vector<at::Tensor>;

struct OpCase {
    std::string name;
    Op op;
    std::vector<Shape> inputs;
    double tolerance = 0;  // absolute; 0 = the same bits
};

std::vector<OpCase> opCases() {
    const Shape image{2, 6, 9, 7};
    return {
        {"Conv", Conv2d{{1, 1}, {1, 1}, {1, 1}, 1}, {image, {4, 6, 3, 3}}, 2e-5},
        {"ConvStrided", Conv2d{{2, 1}, {0, 2}, {1, 2}, 1}, {image, {4, 6, 3, 2}, {4}}, 2e-5},
        {"ConvGrouped", Conv2d{{1, 1}, {1, 1}, {1, 1}, 3}, {image, {9, 2, 3, 3}, {9}}, 2e-5},
        {"ConvDepthwise", Conv2d{{2, 2}, {1, 1}, {1, 1}, 6}, {image, {6, 1, 3, 3}}, 2e-5},
        {"ConvTranspose", ConvTranspose2d{{2, 2}}, {image, {6, 4, 2, 2}, {4}}, 2e-5},
        {"ConvTransposePadded", ConvTranspose2d{{3, 2}, {1, 2}, {2, 1}, {1, 2}, 1}, {image, {6, 5, 3, 4}}, 2e-5},
        {"ConvTransposeGrouped", ConvTranspose2d{.padding = {1, 1}, .groups = 3}, {image, {6, 4, 3, 3}, {12}}, 2e-5},
        {"Linear", Linear{}, {{5, 8}, {3, 8}}},
        {"LinearBias", Linear{}, {{5, 8}, {3, 8}, {3}}},
        {"MatMul", MatMul{}, {{2, 3, 5, 8}, {2, 3, 8, 70}}, 1e-5},
        {"MatMulBroadcast", MatMul{}, {{3, 40, 8}, {2, 1, 8, 4}}, 1e-5},
        {"Relu", Activation{ActivationKind::Relu}, {image}},
        {"Silu", Activation{ActivationKind::Silu}, {image}, 1e-6},
        {"Sigmoid", Activation{ActivationKind::Sigmoid}, {image}, 1e-6},
        {"ReluOfTable", Activation{ActivationKind::Relu}, {{3, 5}}},
        {"SiluOfTable", Activation{ActivationKind::Silu}, {{3, 5}}, 1e-6},
        {"SigmoidOfTable", Activation{ActivationKind::Sigmoid}, {{3, 4, 5}}, 1e-6},
        {"Add", Binary{BinaryKind::Add}, {image, image}},
        {"Sub", Binary{BinaryKind::Sub}, {{2, 4, 5}, {1, 1, 5}}},
        {"Mul", Binary{BinaryKind::Mul}, {image, {6, 1, 1}}},
        {"Div", Binary{BinaryKind::Div}, {image, {1}}},
        {"MaxPool", Pool{PoolKind::Max, {5, 5}, {1, 1}, {2, 2}}, {image}},
        {"MaxPoolUneven", Pool{PoolKind::Max, {3, 2}, {2, 1}, {1, 0}}, {image}},
        {"AveragePool", Pool{PoolKind::Average, {3, 3}, {2, 2}, {1, 1}}, {image}},
        {"Resize", Resize{2}, {image}},
        {"ResizeThreefold", Resize{3}, {image}},
        {"Concat", Concat{1}, {image, {2, 2, 9, 7}, {2, 1, 9, 7}}},
        {"ConcatLast", Concat{2}, {{2, 3, 4}, {2, 3, 1}}},
        {"Split", Split{1, {1, 2, 3}}, {image}},
        {"SplitLast", Split{3, {6, 1}}, {image}},
        {"Slice", Slice{2, 3, 5}, {image}},
        {"SliceOverEnd", Slice{3, 2, 1000}, {image}},
        {"Reshape", Reshape{{0, 3, -1}}, {image}},
        {"ReshapeFixed", Reshape{{12, 63}}, {image}},
        {"Permute", Permute{{0, 2, 3, 1}}, {image}},
        {"Gather", Gather{1, {5, 0, 2, 2}}, {image}},
        {"GatherLast", Gather{2, {3, 1}}, {{2, 3, 4}}},
        {"Pad", Pad{{0, 0, 1, 2}, {0, 1, 0, 3}, -0.5}, {image}},
        {"TopK", TopK{5}, {image}},
        {"TopKWhole", TopK{4}, {{3, 4}}},
        {"Clip", Clip{-0.7, 1.3}, {image}},
        {"ReduceSum", Reduce{ReduceKind::Sum, {1}, true}, {image}, 1e-5},
        {"ReduceMean", Reduce{ReduceKind::Mean, {2, 3}, true}, {image}, 1e-6},
        {"ReduceMax", Reduce{ReduceKind::Max, {0, 3}, false}, {image}},
        {"Softmax", Softmax{1}, {image}, 1e-6},
        {"SoftmaxLast", Softmax{-1}, {{3, 4}}, 1e-6},
        {"AnchorPoints", AnchorPoints{{8, 16, 32}}, {{1, 4, 8, 6}, {1, 4, 4, 3}, {1, 4, 2, 2}}}};
}

class Ops : public testing::TestWithParam<OpCase> {};

TEST_P(Ops, EqualsTheLibraryCall) {
    const OpCase& test = GetParam();
    for (const bool channelsLast : {false, true}) {
        Tensors inputs;
        for (size_t i = 0; i < test.inputs.size(); ++i) {
            inputs.push_back(randomTensor(test.inputs[i], i + 1, -3, 3));
            if (channelsLast && i == 0 && inputs[0].dim() == 4)
                inputs[0] = inputs[0].contiguous(at::MemoryFormat::ChannelsLast);
        }
        const at::NoGradGuard noGrad;
        const Tensors given = inputs;
        Tensors before;
        for (const at::Tensor& input : inputs) before.push_back(input.clone());
        const Tensors made = forward(test.op, inputs, false);
        const Tensors expected = portableForward(test.op, inputs, false);
        ASSERT_EQ(made.size(), expected.size());
        for (size_t i = 0; i < made.size(); ++i)
            EXPECT_LE(maxDifference(made[i], expected[i]), test.tolerance) << "output " << i;
        for (size_t i = 0; i < given.size(); ++i)
            EXPECT_TRUE(at::equal(given[i], before[i])) << "input " << i << " was written";
    }
}

TEST_P(Ops, GradientsEqualTheLibrarys) {
    const OpCase& test = GetParam();
    if (std::holds_alternative<AnchorPoints>(test.op)) {  // only shapes are read: no gradient may come out
        for (const at::Tensor& made :
             forward(test.op,
                     {at::zeros({1, 1, 2, 2}).requires_grad_(true), at::zeros({1, 1, 1, 1}), at::zeros({1, 1, 1, 1})},
                     false))
            EXPECT_FALSE(made.requires_grad());
        return;
    }
    Tensors ours, theirs;
    for (size_t i = 0; i < test.inputs.size(); ++i) {
        ours.push_back(randomTensor(test.inputs[i], i + 1, -3, 3).requires_grad_(true));
        theirs.push_back(ours.back().detach().clone().requires_grad_(true));
    }
    const auto backward = [](const Tensors& outputs) {
        at::Tensor loss = at::zeros({});
        for (size_t i = 0; i < outputs.size(); ++i)
            loss = loss + (outputs[i] * randomTensor(outputs[i].sizes().vec(), 50 + i)).sum();
        loss.backward();
    };
    backward(forward(test.op, ours, false));
    backward(portableForward(test.op, theirs, false));
    for (size_t i = 0; i < ours.size(); ++i)
        EXPECT_LT(test::relativeDifference(ours[i].grad(), theirs[i].grad()), 2e-6) << "input " << i;
}

// In double, along three ways that all inputs go together.
TEST_P(Ops, GradientsEqualNumericalDifferentiation) {
    const OpCase& test = GetParam();
    if (std::holds_alternative<AnchorPoints>(test.op)) return;  // only shapes are read
    constexpr double kStep = 1e-6;
    const auto wide = [](const Shape& shape, uint64_t seed, double reach) {
        return randomTensor(shape, seed, -reach, reach).to(at::kDouble);
    };
    const auto loss = [&](const Tensors& inputs) {
        const Tensors outputs = portableForward(test.op, inputs, false);
        at::Tensor sum = at::zeros({}, at::kDouble);
        for (size_t i = 0; i < outputs.size(); ++i)
            sum = sum + (outputs[i] * wide(outputs[i].sizes().vec(), 50 + i, 1)).sum();
        return sum;
    };
    Tensors leaves;
    for (size_t i = 0; i < test.inputs.size(); ++i)
        leaves.push_back(wide(test.inputs[i], i + 1, 3).requires_grad_(true));
    loss(leaves).backward();
    const at::NoGradGuard noGrad;
    for (uint64_t way = 0; way < 3; ++way) {
        Tensors ahead, behind;
        double expected = 0;
        for (size_t i = 0; i < leaves.size(); ++i) {
            const at::Tensor step = wide(test.inputs[i], 100 * (way + 1) + i, 1);
            ahead.push_back(leaves[i] + kStep * step), behind.push_back(leaves[i] - kStep * step);
            expected += (leaves[i].grad() * step).sum().item<double>();
        }
        const double slope = (loss(ahead) - loss(behind)).item<double>() / (2 * kStep);
        EXPECT_NEAR(slope, expected, 1e-6 * std::max(1.0, std::abs(expected))) << "way " << way;
    }
}

INSTANTIATE_TEST_SUITE_P(Table, Ops, testing::ValuesIn(opCases()), [](const auto& info) { return info.param.name; });

TEST(OpTable, HasARowForEveryOpButThoseWithTheirOwnTests) {
    std::set<size_t> seen;
    for (const Op& elsewhere :
         {Op(BatchNorm{}), Op(FakeQuantize{}), Op(Quantize{}), Op(Dequantize{}), Op(IntegerConv2d{}),
          Op(IntegerMatMul{}), Op(IntegerAdd{}), Op(Lookup{}), Op(TakeAlong{}), Op(Unflatten{}), Op(Detach{})})
        seen.insert(elsewhere.index());
    for (const OpCase& test : opCases()) seen.insert(test.op.index());
    EXPECT_EQ(seen.size(), std::variant_size_v<Op>);
}

TEST(FloorDivide, IsThatOfWholeNumbersToo) {
    const at::Tensor a = at::tensor({0.f, 79.f, 80.f, 671999.f, -1.f, 2.5f}).requires_grad_(true),
                     b = at::tensor({80.f}).requires_grad_(true);
    const at::Tensor made = forward(Binary{BinaryKind::FloorDivide}, {a, b}, false)[0];
    EXPECT_TRUE(at::equal(made, at::tensor({0.f, 0.f, 1.f, 8399.f, -1.f, 0.f})));
    made.sum().backward();
    EXPECT_EQ(a.grad().abs().max().item<float>() + b.grad().abs().max().item<float>(), 0) << "it has steps";
}

TEST(TopK, EqualNumbersKeepTheirOrderAndTooFewAreRefused) {
    const at::Tensor x = at::tensor({1.f, 3.f, 2.f, 3.f, 2.f, 3.f}).reshape({1, 6});
    const Tensors made = forward(TopK{5}, {x}, false);
    EXPECT_TRUE(at::equal(made[0], at::tensor({3.f, 3.f, 3.f, 2.f, 2.f}).reshape({1, 5})));
    EXPECT_TRUE(at::equal(made[1], at::tensor({1.f, 3.f, 5.f, 2.f, 4.f}).reshape({1, 5})));
    EXPECT_THROW(forward(TopK{7}, {x}, false), Error);
}

TEST(Unflatten, LaysRowsOutAsAnotherMap) {
    const at::Tensor x = randomTensor({2, 3, 20}, 1).requires_grad_(true),
                     like = randomTensor({2, 7, 4, 5}, 2).requires_grad_(true);
    const at::Tensor made = forward(Unflatten{}, {x, like}, false)[0];
    ASSERT_EQ(made.sizes(), at::IntArrayRef({2, 3, 4, 5}));
    EXPECT_TRUE(at::equal(made.flatten(2), x));
    made.sum().backward();
    EXPECT_TRUE(at::equal(x.grad(), at::ones({2, 3, 20})));
    EXPECT_FALSE(like.grad().defined()) << "only its shape counts";
    EXPECT_THROW(forward(Unflatten{}, {x, like.narrow(2, 0, 3)}, false), Error);
}

TEST(Detach, LetsNumbersThroughAndNoGradient) {
    const at::Tensor x = randomTensor({2, 3}, 1).requires_grad_(true);
    const at::Tensor made = forward(Detach{}, {x}, true)[0];
    EXPECT_TRUE(at::equal(made, x));
    EXPECT_FALSE(made.requires_grad());
}

TEST(TakeAlong, TakesWhatStandsThereAndSumsGradients) {
    const at::Tensor x = randomTensor({2, 3, 5, 2}, 1).requires_grad_(true),
                     places = at::tensor({4.f, 0.f, 4.f, 1.f, 2.f, 3.f}).reshape({2, 3});
    const at::Tensor made = forward(TakeAlong{2}, {x, places}, false)[0];
    ASSERT_EQ(made.sizes(), at::IntArrayRef({2, 3, 3, 2}));
    for (int64_t n = 0; n < 2; ++n)
        for (int64_t k = 0; k < 3; ++k)
            EXPECT_TRUE(at::equal(made[n].select(1, k), x[n].select(1, places[n][k].item<int64_t>())));
    made.sum().backward();
    EXPECT_EQ(x.grad()[0].select(1, 4).min().item<float>(), 2) << "taken twice";
    EXPECT_EQ(x.grad()[0].select(1, 3).max().item<float>(), 0) << "never taken";
    EXPECT_EQ(x.grad().sum().item<float>(), static_cast<float>(made.numel()));
    EXPECT_THROW(forward(TakeAlong{4}, {x, places}, false), Error);
    EXPECT_THROW(forward(TakeAlong{1}, {x, places.reshape({3, 2})}, false), Error);
}

TEST(OpNames, AreThoseOfTheTypes) {
    EXPECT_EQ(opName(Conv2d{}), "Conv2d");
    EXPECT_EQ(opName(FakeQuantize{}), "FakeQuantize");
}

TEST(Silu, HoldsAtTheEndsOfTheNumbers) {
    const float infinity = std::numeric_limits<float>::infinity();
    const at::Tensor x =
        at::tensor({0.0f, -0.0f, 1e-30f, -20.0f, -80.0f, -88.0f, 88.0f, 1e30f, infinity}).reshape({1, 1, 1, -1});
    const at::NoGradGuard noGrad;
    const at::Tensor y = forward(Activation{ActivationKind::Silu}, {x}, false)[0].flatten();
    const at::Tensor expected = at::silu(x.to(at::kDouble)).flatten();
    for (int64_t i = 0; i < 8; ++i) {
        const double wanted = expected[i].item<double>();
        EXPECT_NEAR(y[i].item<double>(), wanted, std::max(1e-30, 4e-7 * std::abs(wanted))) << "at " << i;
    }
    EXPECT_EQ(y[8].item<float>(), infinity);
    const at::Tensor nan = at::full({1, 1, 1, 3}, std::numeric_limits<float>::quiet_NaN());
    EXPECT_TRUE(forward(Activation{ActivationKind::Silu}, {nan}, false)[0].isnan().all().item<bool>());
}

TEST(Silu, IsAccurateToAFewUnitsEverywhere) {
    const at::Tensor x = at::linspace(-60, 60, 1 << 20).reshape({1, 1, 1, -1});
    const at::NoGradGuard noGrad;
    const at::Tensor y = forward(Activation{ActivationKind::Silu}, {x}, false)[0].to(at::kDouble);
    const at::Tensor expected = at::silu(x.to(at::kDouble));
    const at::Tensor relative = ((y - expected) / expected).abs();
    EXPECT_LT(relative.nan_to_num(0).max().item<double>(), 4e-7);
}

}  // namespace
}  // namespace qat
