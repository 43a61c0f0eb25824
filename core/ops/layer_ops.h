// Operators with parameters, and products: what most of a network's time goes into.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include "base/field.h"
#include "graph/types.h"
#include "ops/op_traits.h"

namespace qat {

// 2-D convolution. Inputs x [N,C,H,W], weight [O,C/groups,kh,kw], optional bias [O].
struct Conv2d {
    Pair stride{1, 1}, padding{0, 0}, dilation{1, 1};
    int64_t groups = 1;
    static constexpr std::string_view name = "Conv2d";
    static constexpr std::array<std::string_view, 3> positive{"stride", "dilation", "groups"};
    static constexpr OpTraits row{.inputs = {2, 3},
                                  .layer = {.word = "conv", .weight = 1, .bias = 2, .activations = 1}};
    static constexpr auto fields() {
        return std::tuple{Field{"stride", &Conv2d::stride}, Field{"padding", &Conv2d::padding},
                          Field{"dilation", &Conv2d::dilation}, Field{"groups", &Conv2d::groups}};
    }
    bool operator==(const Conv2d&) const = default;
};

// The transpose of the convolution `window()`, which makes x's size of y's: y's side is
// (side - 1) stride - 2 padding + dilation (k - 1) + outputPadding + 1. Inputs x [N,C,H,W], weight [C,O/groups,kh,kw],
// optional bias [O]. With groups, outputs of several groups share a place along the weight's axis 1, and so a scale.
struct ConvTranspose2d {
    Pair stride{1, 1}, padding{0, 0}, outputPadding{0, 0}, dilation{1, 1};
    int64_t groups = 1;
    Conv2d window() const { return {stride, padding, dilation, groups}; }
    static constexpr std::string_view name = "ConvTranspose2d";
    static constexpr std::array<std::string_view, 3> positive{"stride", "dilation", "groups"};
    static constexpr OpTraits row{
        .inputs = {2, 3},
        .layer = {.word = "conv_transpose", .weight = 1, .bias = 2, .activations = 1, .outputAxis = 1}};
    static constexpr auto fields() {
        return std::tuple{Field{"stride", &ConvTranspose2d::stride}, Field{"padding", &ConvTranspose2d::padding},
                          Field{"outputPadding", &ConvTranspose2d::outputPadding},
                          Field{"dilation", &ConvTranspose2d::dilation}, Field{"groups", &ConvTranspose2d::groups}};
    }
    bool operator==(const ConvTranspose2d&) const = default;
};

// y = x W^T + b. Inputs x [N,I], weight [O,I], optional bias [O].
struct Linear {
    static constexpr std::string_view name = "Linear";
    static constexpr OpTraits row{.inputs = {2, 3},
                                  .layer = {.word = "linear", .weight = 1, .bias = 2, .activations = 1}};
    static constexpr auto fields() { return std::tuple{}; }
    bool operator==(const Linear&) const = default;
};

// y = a b, both data in flight. Inputs a [...,M,K], b [...,K,N]; leading dimensions broadcast.
struct MatMul {
    static constexpr std::string_view name = "MatMul";
    static constexpr OpTraits row{.inputs = {2, 2}, .layer = {.word = "matmul", .activations = 2}};
    static constexpr auto fields() { return std::tuple{}; }
    bool operator==(const MatMul&) const = default;
};

// Inputs x [N,C,H,W], weight [C], bias [C], running_mean [C], running_var [C].
struct BatchNorm {
    double eps = 1e-3, momentum = 0.03;  // momentum: weight of the new batch
    static constexpr std::string_view name = "BatchNorm";
    static constexpr OpTraits row{.inputs = {5, 5}};
    static constexpr auto fields() {
        return std::tuple{Field{"eps", &BatchNorm::eps}, Field{"momentum", &BatchNorm::momentum}};
    }
    bool operator==(const BatchNorm&) const = default;
};

// Computed in layer_ops.cpp.
using LayerOps = OpGroup<Conv2d, ConvTranspose2d, Linear, MatMul, BatchNorm>;

}  // namespace qat
