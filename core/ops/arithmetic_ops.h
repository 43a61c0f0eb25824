// Operators that make new numbers without parameters: element by element, in windows, along axes.
#pragma once

#include <array>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/field.h"
#include "graph/types.h"
#include "ops/activation_kind.h"
#include "ops/op_traits.h"

namespace qat {

// FloorDivide: the largest whole number that is not above a / b; without gradient.
enum class BinaryKind { Add, Sub, Mul, Div, FloorDivide };
constexpr std::array<std::string_view, 5> namesOf(BinaryKind) {
    return {"add", "sub", "mul", "div", "floor_divide"};
}
enum class PoolKind { Max, Average };
constexpr std::array<std::string_view, 2> namesOf(PoolKind) {
    return {"max", "average"};
}
enum class ReduceKind { Sum, Mean, Max };
constexpr std::array<std::string_view, 3> namesOf(ReduceKind) {
    return {"sum", "mean", "max"};
}

// Element-wise; what each kind computes stands in ops/activation.cpp.
struct Activation {
    ActivationKind kind = ActivationKind::Silu;
    double slope = 0.01;  // LeakyRelu: below 0
    static constexpr std::string_view name = "Activation";
    static constexpr OpTraits row{.inputs = {1, 1}};
    static constexpr auto fields() {
        return std::tuple{Field{"kind", &Activation::kind}, Field{"slope", &Activation::slope, /*quiet=*/true}};
    }
    bool operator==(const Activation&) const = default;
};

// Element-wise, numpy broadcasting.
struct Binary {
    BinaryKind kind = BinaryKind::Add;
    static constexpr std::string_view name = "Binary";
    static constexpr OpTraits row{.inputs = {2, 2}};
    static constexpr auto fields() { return std::tuple{Field{"kind", &Binary::kind}}; }
    bool operator==(const Binary&) const = default;
};

// max(low, min(x, high)).
struct Clip {
    double low = 0, high = 1;
    static constexpr std::string_view name = "Clip";
    static constexpr OpTraits row{.inputs = {1, 1}};
    static constexpr auto fields() { return std::tuple{Field{"low", &Clip::low}, Field{"high", &Clip::high}}; }
    bool operator==(const Clip&) const = default;
};

// Max pads with -inf; average does not count padding.
struct Pool {
    PoolKind kind = PoolKind::Max;
    Pair kernel{2, 2}, stride{2, 2}, padding{0, 0};
    static constexpr std::string_view name = "Pool";
    static constexpr std::array<std::string_view, 2> positive{"kernel", "stride"};
    static constexpr OpTraits row{.inputs = {1, 1}};
    OpTraits traits() const {
        OpTraits traits = row;
        traits.movesDataOnly = kind == PoolKind::Max;
        return traits;
    }
    static constexpr auto fields() {
        return std::tuple{Field{"kind", &Pool::kind}, Field{"kernel", &Pool::kernel}, Field{"stride", &Pool::stride},
                          Field{"padding", &Pool::padding}};
    }
    bool operator==(const Pool&) const = default;
};

// Over the axes, not empty and not negative; with `keep` they stay, one long.
struct Reduce {
    ReduceKind kind = ReduceKind::Mean;
    std::vector<int64_t> axes;
    bool keep = true;
    static constexpr std::string_view name = "Reduce";
    static constexpr OpTraits row{.inputs = {1, 1}};
    static constexpr auto fields() {
        return std::tuple{Field{"kind", &Reduce::kind}, Field{"axes", &Reduce::axes}, Field{"keep", &Reduce::keep}};
    }
    bool operator==(const Reduce&) const = default;
};

struct Softmax {
    int64_t axis = 1;
    static constexpr std::string_view name = "Softmax";
    static constexpr OpTraits row{.inputs = {1, 1}};
    static constexpr auto fields() { return std::tuple{Field{"axis", &Softmax::axis}}; }
    bool operator==(const Softmax&) const = default;
};

// Computed in arithmetic_ops.cpp.
using ArithmeticOps = OpGroup<Activation, Binary, Clip, Pool, Reduce, Softmax>;

}  // namespace qat
