// Operators that lay out, pick and repeat numbers.
#pragma once

#include <array>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/field.h"
#include "graph/types.h"
#include "ops/op_traits.h"

namespace qat {

// Nearest neighbour, output pixel i reads input i / factor.
struct Resize {
    int64_t factor = 2;
    static constexpr std::string_view name = "Resize";
    static constexpr std::array<std::string_view, 1> positive{"factor"};
    static constexpr OpTraits row{.inputs = {1, 1}, .movesDataOnly = true};
    static constexpr auto fields() { return std::tuple{Field{"factor", &Resize::factor}}; }
    bool operator==(const Resize&) const = default;
};

struct Concat {
    int64_t axis = 1;
    static constexpr std::string_view name = "Concat";
    static constexpr OpTraits row{.inputs = {1, kAnyNumber}, .movesDataOnly = true};
    static constexpr auto fields() { return std::tuple{Field{"axis", &Concat::axis}}; }
    bool operator==(const Concat&) const = default;
};

// As many outputs as sizes.
struct Split {
    int64_t axis = 1;
    std::vector<int64_t> sizes;
    static constexpr std::string_view name = "Split";
    static constexpr OpTraits row{.inputs = {1, 1}, .movesDataOnly = true};
    OpTraits traits() const {
        OpTraits traits = row;
        traits.outputs = sizes.size();
        return traits;
    }
    static constexpr auto fields() { return std::tuple{Field{"axis", &Split::axis}, Field{"sizes", &Split::sizes}}; }
    bool operator==(const Split&) const = default;
};

// [start, end) along axis; both non-negative, end may exceed the dimension.
struct Slice {
    int64_t axis = 1, start = 0, end = 0;
    static constexpr std::string_view name = "Slice";
    static constexpr OpTraits row{.inputs = {1, 1}, .movesDataOnly = true};
    static constexpr auto fields() {
        return std::tuple{Field{"axis", &Slice::axis}, Field{"start", &Slice::start}, Field{"end", &Slice::end}};
    }
    bool operator==(const Slice&) const = default;
};

// 0 copies the input's dimension, one -1 is inferred.
struct Reshape {
    std::vector<int64_t> shape;
    static constexpr std::string_view name = "Reshape";
    static constexpr OpTraits row{.inputs = {1, 1}, .movesDataOnly = true};
    static constexpr auto fields() { return std::tuple{Field{"shape", &Reshape::shape}}; }
    bool operator==(const Reshape&) const = default;
};

// x [N, C, H * W], row by row, as a map of the height and width of `like` [N, any, H, W]: y [N, C, H, W].
struct Unflatten {
    static constexpr std::string_view name = "Unflatten";
    static constexpr OpTraits row{.inputs = {2, 2}, .movesDataOnly = true, .movedInputs = 1};
    static constexpr auto fields() { return std::tuple{}; }
    bool operator==(const Unflatten&) const = default;
};

// x itself, through which no gradient goes back.
struct Detach {
    static constexpr std::string_view name = "Detach";
    static constexpr OpTraits row{.inputs = {1, 1}, .movesDataOnly = true};
    static constexpr auto fields() { return std::tuple{}; }
    bool operator==(const Detach&) const = default;
};

struct Permute {
    std::vector<int64_t> order;
    static constexpr std::string_view name = "Permute";
    static constexpr OpTraits row{.inputs = {1, 1}, .movesDataOnly = true};
    static constexpr auto fields() { return std::tuple{Field{"order", &Permute::order}}; }
    bool operator==(const Permute&) const = default;
};

// The numbers at these places along axis, in this order; places may repeat.
struct Gather {
    int64_t axis = 1;
    std::vector<int64_t> indices;
    static constexpr std::string_view name = "Gather";
    static constexpr OpTraits row{.inputs = {1, 1}, .movesDataOnly = true};
    static constexpr auto fields() {
        return std::tuple{Field{"axis", &Gather::axis}, Field{"indices", &Gather::indices}};
    }
    bool operator==(const Gather&) const = default;
};

// So many numbers of this value before and after those of each dimension; both lists have one entry a dimension.
struct Pad {
    std::vector<int64_t> before, after;
    double value = 0;
    static constexpr std::string_view name = "Pad";
    static constexpr OpTraits row{.inputs = {1, 1}};
    static constexpr auto fields() {
        return std::tuple{Field{"before", &Pad::before}, Field{"after", &Pad::after}, Field{"value", &Pad::value}};
    }
    bool operator==(const Pad&) const = default;
};

// The `count` largest numbers along the last axis, from the largest down, equal ones in their order. Outputs: these
// numbers, and their places along the axis as whole numbers, exact up to 2^24; both [..., count]. Places have no
// gradient.
struct TopK {
    int64_t count = 1;
    static constexpr std::string_view name = "TopK";
    static constexpr std::array<std::string_view, 1> positive{"count"};
    static constexpr OpTraits row{.inputs = {1, 1}, .outputs = 2};
    static constexpr auto fields() { return std::tuple{Field{"count", &TopK::count}}; }
    bool operator==(const TopK&) const = default;
};

// What stands at places that are data: y[n, ..., k, ...] = x[n, ..., places[n, k], ...], k in the stead of `axis`,
// which is not the first. Inputs x [N, ...] and places [N, K], whole numbers as TopK makes them. Places have no
// gradient.
struct TakeAlong {
    int64_t axis = 1;
    static constexpr std::string_view name = "TakeAlong";
    static constexpr std::array<std::string_view, 1> positive{"axis"};
    static constexpr OpTraits row{.inputs = {2, 2}};
    static constexpr auto fields() { return std::tuple{Field{"axis", &TakeAlong::axis}}; }
    bool operator==(const TakeAlong&) const = default;
};

// Anchor points of detection maps. Inputs: one map [N,C,H_l,W_l] per level, only their shapes count. Outputs:
// points [1,2,A] = (x + 0.5, y + 0.5) in grid units, levels in order, x fastest; strides [1,1,A] in pixels.
struct AnchorPoints {
    std::vector<int64_t> strides;
    static constexpr std::string_view name = "AnchorPoints";
    static constexpr OpTraits row{.inputs = {1, kAnyNumber}, .outputs = 2, .shapesOnly = true};
    OpTraits traits() const {
        OpTraits traits = row;
        traits.inputs = {std::max<size_t>(strides.size(), 1), strides.size()};
        return traits;
    }
    static constexpr auto fields() { return std::tuple{Field{"strides", &AnchorPoints::strides}}; }
    bool operator==(const AnchorPoints&) const = default;
};

// Computed in moving_ops.cpp.
using MovingOps = OpGroup<Resize, Concat, Split, Slice, Reshape, Unflatten, Detach, Permute, Gather, Pad, TopK,
                          TakeAlong, AnchorPoints>;

}  // namespace qat
