// Convolutions with gradients against libtorch's in double precision, and their bits for several numbers of threads.
#include "ops/convolution.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "ops/conv_gradient.h"
#include "ops/onednn.h"
#include "support/tensors.h"
#include "support/threads.h"

namespace qat {
namespace {

using test::randomTensor;
using test::relativeDifference;
using test::sameBits;

constexpr Conv2d kOne{}, kThree{{1, 1}, {1, 1}, {1, 1}, 1}, kHalved{{2, 2}, {1, 1}, {1, 1}, 1};

struct ConvolutionCase {
    const char* name;
    Conv2d window;
    Shape data, weight;
    bool hasBias = true;
};
std::ostream& operator<<(std::ostream& out, const ConvolutionCase& c) {
    return out << c.name;
}

struct Made {
    at::Tensor y, dx, dWeight, dBias;
};

// Tensors of that type, the function of them, and gradients of <y, g>.
template <class Function>
Made gradientsOf(const ConvolutionCase& c, at::ScalarType type, const Function& function) {
    const auto leaf = [&](const Shape& shape, uint64_t seed) {
        return randomTensor(shape, seed).to(type).requires_grad_(true);
    };
    const at::Tensor x = leaf(c.data, 1), weight = leaf(c.weight, 2),
                     bias = c.hasBias ? leaf({c.weight[0]}, 3) : at::Tensor();
    const at::Tensor y = function(x, weight, bias);
    y.backward(randomTensor(y.sizes().vec(), 4).to(type));
    return {y.detach(), x.grad(), weight.grad(), c.hasBias ? bias.grad() : at::zeros({1})};
}

Made ours(const ConvolutionCase& c) {
    return gradientsOf(c, at::kFloat, [&](const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) {
        return convolve(c.window, x, w, b);
    });
}

Made libtorchs(const ConvolutionCase& c) {
    const Conv2d& o = c.window;
    return gradientsOf(c, at::kDouble, [&](const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) {
        return at::conv2d(x, w, b, o.stride, o.padding, o.dilation, o.groups);
    });
}

class Convolutions : public testing::TestWithParam<ConvolutionCase> {};

TEST_P(Convolutions, EqualTheDoubleOnesWithTheirGradients) {
    const Made got = ours(GetParam()), expected = libtorchs(GetParam());
    EXPECT_LE(relativeDifference(got.y, expected.y), 5e-6);
    EXPECT_LE(relativeDifference(got.dx, expected.dx), 5e-6);
    EXPECT_LE(relativeDifference(got.dWeight, expected.dWeight), 5e-6);
    EXPECT_LE(relativeDifference(got.dBias, expected.dBias), 5e-6);
}

TEST_P(Convolutions, BitsDoNotDependOnTheNumberOfThreads) {
    std::vector<Made> made;
    std::vector<int> counts{1, 2, 3, 7};
    if (GetParam().data[0] > 16) counts.push_back(19);  // more than there are tasks
    for (const int count : counts) {
        const test::Threads threads(count);
        made.push_back(ours(GetParam()));
        const at::NoGradGuard noGrad;
        const ConvolutionCase& c = GetParam();
        const at::Tensor y = convolve(c.window, randomTensor(c.data, 1), randomTensor(c.weight, 2),
                                      c.hasBias ? randomTensor({c.weight[0]}, 3) : at::Tensor());
        EXPECT_TRUE(sameBits(y, made.back().y)) << "without gradients, " << count;
    }
    for (const Made& other : made) {
        EXPECT_TRUE(sameBits(other.y, made[0].y));
        EXPECT_TRUE(sameBits(other.dx, made[0].dx));
        EXPECT_TRUE(sameBits(other.dWeight, made[0].dWeight));
        EXPECT_TRUE(sameBits(other.dBias, made[0].dBias));
    }
}

// Sizes at which libtorch's answers differ between one thread and two, and those at the ends of our tasks: outputs that
// are no multiple of a vector, images that do not share out evenly.
INSTANTIATE_TEST_SUITE_P(
    Sizes, Convolutions,
    testing::Values(ConvolutionCase{"stem", kHalved, {3, 3, 37, 29}, {16, 3, 3, 3}},
                    ConvolutionCase{"one by one", kOne, {4, 384, 10, 10}, {256, 384, 1, 1}},
                    ConvolutionCase{"one place", kOne, {2, 512, 2, 2}, {256, 512, 1, 1}},
                    ConvolutionCase{"three by three", kThree, {4, 256, 10, 10}, {64, 256, 3, 3}},
                    ConvolutionCase{"many images", kThree, {19, 32, 8, 8}, {80, 32, 3, 3}},
                    ConvolutionCase{"odd channels", kHalved, {2, 5, 33, 31}, {37, 5, 3, 3}, false},
                    ConvolutionCase{"few outputs", kOne, {8, 80, 8, 8}, {4, 80, 1, 1}},
                    ConvolutionCase{"depthwise", {{1, 1}, {1, 1}, {1, 1}, 24}, {5, 24, 12, 12}, {24, 1, 3, 3}},
                    ConvolutionCase{"groups", {{2, 1}, {1, 0}, {1, 1}, 2}, {3, 8, 9, 9}, {6, 4, 3, 3}},
                    ConvolutionCase{"dilated", {{1, 1}, {2, 2}, {2, 2}, 1}, {2, 5, 19, 9}, {7, 5, 3, 3}, false},
                    ConvolutionCase{"dilated steps", {{2, 2}, {2, 2}, {2, 2}, 1}, {4, 32, 40, 40}, {64, 32, 3, 3}},
                    ConvolutionCase{
                        "padded one by one", {{1, 1}, {1, 1}, {1, 1}, 1}, {4, 64, 40, 40}, {64, 64, 1, 1}}));

struct TransposedCase {
    const char* name;
    ConvTranspose2d op;
    Shape data, weight;
    bool hasBias = true;
};
std::ostream& operator<<(std::ostream& out, const TransposedCase& c) {
    return out << c.name;
}

template <class Function>
Made transposedGradients(const TransposedCase& c, at::ScalarType type, const Function& function) {
    const auto leaf = [&](const Shape& shape, uint64_t seed) {
        return randomTensor(shape, seed).to(type).requires_grad_(true);
    };
    const at::Tensor x = leaf(c.data, 1), weight = leaf(c.weight, 2),
                     bias = c.hasBias ? leaf({c.weight[1] * c.op.groups}, 3) : at::Tensor();
    const at::Tensor y = function(x, weight, bias);
    y.backward(randomTensor(y.sizes().vec(), 4).to(type));
    return {y.detach(), x.grad(), weight.grad(), c.hasBias ? bias.grad() : at::zeros({1})};
}

Made ourTransposed(const TransposedCase& c) {
    return transposedGradients(c, at::kFloat, [&](const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) {
        return convolveTransposed(c.op, x, w, b);
    });
}

class TransposedConvolutions : public testing::TestWithParam<TransposedCase> {};

TEST_P(TransposedConvolutions, EqualTheDoubleOnesWithTheirGradients) {
    const ConvTranspose2d& o = GetParam().op;
    const Made got = ourTransposed(GetParam());
    const Made expected = transposedGradients(
        GetParam(), at::kDouble, [&](const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) {
            return at::conv_transpose2d(x, w, b, o.stride, o.padding, o.outputPadding, o.groups, o.dilation);
        });
    EXPECT_LE(relativeDifference(got.y, expected.y), 5e-6);
    EXPECT_LE(relativeDifference(got.dx, expected.dx), 5e-6);
    EXPECT_LE(relativeDifference(got.dWeight, expected.dWeight), 5e-6);
    EXPECT_LE(relativeDifference(got.dBias, expected.dBias), 5e-6);
}

TEST_P(TransposedConvolutions, BitsDoNotDependOnTheNumberOfThreads) {
    std::vector<Made> made;
    for (const int count : {1, 2, 3, 7}) {
        const test::Threads threads(count);
        made.push_back(ourTransposed(GetParam()));
        const at::NoGradGuard noGrad;
        const TransposedCase& c = GetParam();
        const at::Tensor bias = c.hasBias ? randomTensor({c.weight[1] * c.op.groups}, 3) : at::Tensor();
        const at::Tensor y = convolveTransposed(c.op, randomTensor(c.data, 1), randomTensor(c.weight, 2), bias);
        EXPECT_TRUE(sameBits(y, made.back().y)) << "without gradients, " << count;
    }
    for (const Made& other : made) {
        EXPECT_TRUE(sameBits(other.y, made[0].y));
        EXPECT_TRUE(sameBits(other.dx, made[0].dx));
        EXPECT_TRUE(sameBits(other.dWeight, made[0].dWeight));
        EXPECT_TRUE(sameBits(other.dBias, made[0].dBias));
    }
}

// The first is that of YOLO's masks.
INSTANTIATE_TEST_SUITE_P(
    Sizes, TransposedConvolutions,
    testing::Values(TransposedCase{"doubling", {.stride = {2, 2}}, {3, 64, 20, 20}, {64, 64, 2, 2}},
                    TransposedCase{"odd channels", {.stride = {2, 2}, .padding = {1, 1}}, {2, 5, 9, 7}, {5, 19, 3, 3}},
                    TransposedCase{
                        "output padding", {{2, 3}, {1, 1}, {1, 2}, {1, 1}, 1}, {4, 16, 10, 11}, {16, 24, 3, 3}, false},
                    TransposedCase{"groups", {.stride = {2, 1}, .groups = 2}, {3, 8, 9, 9}, {8, 3, 3, 3}},
                    TransposedCase{"depthwise", {.stride = {2, 2}, .groups = 24}, {5, 24, 12, 12}, {24, 1, 2, 2}},
                    TransposedCase{"dilated", {.padding = {2, 2}, .dilation = {2, 2}}, {2, 5, 19, 9}, {5, 7, 3, 3}},
                    TransposedCase{"many images", {.padding = {1, 1}}, {19, 32, 8, 8}, {32, 80, 3, 3}}));

TEST(TransposedConvolution, RefusesWhatDoesNotFit) {
    const at::Tensor x = randomTensor({1, 4, 8, 8}, 1), weight = randomTensor({4, 3, 2, 2}, 2);
    const auto refusal = [&](const ConvTranspose2d& op, const at::Tensor& data, const at::Tensor& bias) -> std::string {
        try {
            convolveTransposed(op, data, weight, bias);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(refusal({.stride = {2, 2}}, x, randomTensor({3}, 3)), "");
    EXPECT_EQ(refusal({}, randomTensor({1, 3, 8, 8}, 1), {}), "expects 4 channels, not 3");
    EXPECT_EQ(refusal({}, x, randomTensor({4}, 3)), "expects a bias of 3 numbers, not of 4");
    EXPECT_EQ(refusal({.stride = {2, 2}, .outputPadding = {0, 2}}, x, {}),
              "output padding 2 is not below the stride, 2");
    EXPECT_EQ(refusal({.padding = {5, 0}}, x, {}), "nothing is left of data of 8 x 8");
    EXPECT_EQ(refusal({}, randomTensor({4, 8, 8}, 1), {}), "expects 4-d data, not 3-d");
}

TEST(Convolution, WeightsAndGradientsKeepTheirOrder) {
    const at::Tensor x = randomTensor({2, 8, 6, 6}, 1), plain = randomTensor({16, 8, 3, 3}, 2).requires_grad_(true);
    const at::Tensor last = plain.detach().clone(at::MemoryFormat::ChannelsLast).requires_grad_(true);
    const at::Tensor y = convolve(kThree, x, plain, {}), z = convolve(kThree, x, last, {});
    EXPECT_TRUE(sameBits(y, z));
    y.sum().backward(), z.sum().backward();
    EXPECT_EQ(last.grad().strides(), last.strides());
    EXPECT_EQ(plain.grad().strides(), plain.strides());
    EXPECT_TRUE(sameBits(plain.grad(), last.grad()));
}

TEST(Convolution, ABiasAloneHasItsGradient) {
    const at::Tensor x = randomTensor({2, 3, 6, 6}, 1), frozen = randomTensor({4, 3, 3, 3}, 2),
                     bias = randomTensor({4}, 3).requires_grad_(true);
    const at::Tensor y = convolve(kThree, x, frozen, bias);
    y.sum().backward();
    EXPECT_LE(test::maxDifference(bias.grad(), at::full({4}, 72.0)), 1e-4);
}

TEST(Convolution, RefusesWhatDoesNotFit) {
    EXPECT_THROW(convolve(kThree, randomTensor({1, 4, 8, 8}, 1), randomTensor({4, 3, 3, 3}, 2), {}), Error);
    EXPECT_THROW(convolve(kOne, randomTensor({1, 3, 2, 2}, 1), randomTensor({4, 3, 3, 3}, 2), {}), Error);
    EXPECT_THROW(convolve(kOne, randomTensor({3, 8, 8}, 1), randomTensor({4, 3, 1, 1}, 2), {}), Error);
    const auto refusal = [](const at::Tensor& x, const at::Tensor& bias) -> std::string {
        try {
            convolve(kOne, x, randomTensor({4, 3, 1, 1}, 2), bias);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(refusal(randomTensor({1, 3, 8, 8}, 1), randomTensor({3}, 3)), "expects a bias of 4 numbers, not of 3");
    EXPECT_EQ(refusal(at::empty({0, 3, 8, 8}), {}), "expects at least one image");
}

TEST(Convolution, KernelsAreDirectOrOfOneThread) {
    for (const char* name : {"jit:avx512_core", "jit_1x1:avx2", "jit_dw:avx512_core"})
        EXPECT_TRUE(onednn::isDirect(name)) << name;
    for (const char* name :
         {"brgconv:avx512_core", "brgconv_1x1:avx512_core", "x64:gemm:jit", "jit:gemm:any", "ref:any"})
        EXPECT_FALSE(onednn::isDirect(name)) << name;
    const auto f32 = dnnl::memory::data_type::f32;
    const auto made = [&](int64_t padding) {
        const int64_t side = 8 + 2 * padding;
        return onednn::makeFixed<dnnl::convolution_forward>(
            std::tuple(dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
                       onednn::dataOrder({1, 64, 8, 8}, f32),
                       dnnl::memory::desc({64, 64, 1, 1}, f32, dnnl::memory::format_tag::any), dnnl::memory::desc(),
                       onednn::dataOrder({1, 64, side, side}, f32), dnnl::memory::dims{1, 1}, dnnl::memory::dims{0, 0},
                       dnnl::memory::dims{padding, padding}, dnnl::memory::dims{padding, padding}),
            {});
    };
    EXPECT_FALSE(made(0).alone) << "where there is a direct kernel, it is found: "
                                << made(0).description.impl_info_str();
    EXPECT_EQ(made(0).alone, !onednn::isDirect(made(0).description.impl_info_str()));
    EXPECT_EQ(std::string(made(1).description.impl_info_str()).find("ref"), std::string::npos)
        << made(1).description.impl_info_str();
    EXPECT_EQ(made(1).alone, !onednn::isDirect(made(1).description.impl_info_str()));
}

}  // namespace
}  // namespace qat
