// What every operator is: attributes only, no tensors. fields() is the one list that dump, load and equality read,
// `row` holds the facts that the rest of the program asks about (ops/op_traits.h). How an op is computed stands in
// ops/forward.cpp and ops/portable.cpp, how it is written in each exporter.
#pragma once

#include <algorithm>
#include <string_view>
#include <tuple>
#include <variant>

#include "base/field.h"
#include "graph/types.h"
#include "ops/activation_kind.h"
#include "ops/number_format.h"
#include "ops/op_traits.h"

namespace qat {

enum class BinaryKind { Add, Sub, Mul, Div };
enum class PoolKind { Max, Average };
enum class ReduceKind { Sum, Mean, Max };
enum class FakeQuantMode { Ste, Lsq, Pact };
enum class ScaleForm { Plain, Log2, PowerOfTwo };

// 2-D convolution. Inputs x [N,C,H,W], weight [O,C/groups,kh,kw], optional bias [O].
struct Conv2d {
    Pair stride{1, 1}, padding{0, 0}, dilation{1, 1};
    int64_t groups = 1;
    static constexpr std::string_view name = "Conv2d";
    static constexpr OpTraits row{.inputs = {2, 3},
                                  .layer = {.word = "conv", .weight = 1, .bias = 2, .activations = 1}};
    static constexpr auto fields() {
        return std::tuple{Field{"stride", &Conv2d::stride}, Field{"padding", &Conv2d::padding},
                          Field{"dilation", &Conv2d::dilation}, Field{"groups", &Conv2d::groups}};
    }
    bool operator==(const Conv2d&) const = default;
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

// Max pads with -inf; average does not count padding.
struct Pool {
    PoolKind kind = PoolKind::Max;
    Pair kernel{2, 2}, stride{2, 2}, padding{0, 0};
    static constexpr std::string_view name = "Pool";
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

// Nearest neighbour, output pixel i reads input i / factor.
struct Resize {
    int64_t factor = 2;
    static constexpr std::string_view name = "Resize";
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

// max(low, min(x, high)).
struct Clip {
    double low = 0, high = 1;
    static constexpr std::string_view name = "Clip";
    static constexpr OpTraits row{.inputs = {1, 1}};
    static constexpr auto fields() { return std::tuple{Field{"low", &Clip::low}, Field{"high", &Clip::high}}; }
    bool operator==(const Clip&) const = default;
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

// x^ = (clip(round(x / scale) + zero_point, qmin, qmax) - zero_point) * scale, round half to even.
// Inputs x, scale, zero_point; the latter two are [1] (axis -1), [C] along axis, or with a group [O * parts]: the
// elements of one output channel in row-major order are cut into parts of `group`, the last of which may be short.
// Both are float32.
//
// Ste:  scale and zero point are buffers that an observer moves; gradient passes to x inside the range.
// Lsq:  scale is a parameter with the gradient of the paper (learned step size), times gradFactor / sqrt(N qmax).
// Pact: scale is a parameter moved by what lies beyond the range alone, see scaleGradient().
//
// format Binary: x^ = scale * (x < 0 ? -1 : 1); floating point formats: x / scale is rounded to a number of the format
// and cut at its largest. Neither has a zero point; qmin and qmax are the whole numbers nearest to the ends.
//
// scaleForm: the scale input holds the scale, or its base-2 logarithm v: scale = 2^v, or 2^round(v) for PowerOfTwo.
//
// learnOffset: the zero point is a parameter too (LSQ+), and rounded and limited to the grid before it is used.
struct FakeQuantize {
    FakeQuantMode mode = FakeQuantMode::Ste;
    int64_t bits = 8, qmin = 0, qmax = 255, axis = -1;
    double gradFactor = 1.0;
    bool weight = false;  // quantizes a parameter rather than data in flight
    NumberFormat format = NumberFormat::Integer;
    ScaleForm scaleForm = ScaleForm::Plain;
    int64_t group = 0;  // weights only, with axis 0
    bool learnOffset = false;
    double floor = 0;  // least scale
    static constexpr std::string_view name = "FakeQuantize";
    static constexpr OpTraits row{.inputs = {3, 3}};
    static constexpr auto fields() {
        return std::tuple{Field{"mode", &FakeQuantize::mode},
                          Field{"bits", &FakeQuantize::bits},
                          Field{"qmin", &FakeQuantize::qmin},
                          Field{"qmax", &FakeQuantize::qmax},
                          Field{"axis", &FakeQuantize::axis},
                          Field{"gradFactor", &FakeQuantize::gradFactor},
                          Field{"weight", &FakeQuantize::weight},
                          Field{"format", &FakeQuantize::format},
                          Field{"scaleForm", &FakeQuantize::scaleForm},
                          Field{"group", &FakeQuantize::group},
                          Field{"learnOffset", &FakeQuantize::learnOffset},
                          Field{"floor", &FakeQuantize::floor}};
    }
    bool operator==(const FakeQuantize&) const = default;
};

// The operators below compute on codes: uint8 where qmin >= 0, else int8. They are what a deployed file does (ONNX's
// QuantizeLinear, QLinearConv, ...), and stand only in graphs that lowerToIntegers made.

// codes = clip(round(x / scale) + zero_point, qmin, qmax), round half to even. Inputs x, scale [1], zero_point [1].
struct Quantize {
    int64_t qmin = 0, qmax = 255;
    static constexpr std::string_view name = "Quantize";
    static constexpr OpTraits row{.inputs = {3, 3}, .onCodes = true};
    static constexpr auto fields() {
        return std::tuple{Field{"qmin", &Quantize::qmin}, Field{"qmax", &Quantize::qmax}};
    }
    bool operator==(const Quantize&) const = default;
};

// x = (codes - zero_point) * scale. Inputs codes, scale [1], zero_point [1].
struct Dequantize {
    static constexpr std::string_view name = "Dequantize";
    static constexpr OpTraits row{.inputs = {3, 3}, .onCodes = true};
    static constexpr auto fields() { return std::tuple{}; }
    bool operator==(const Dequantize&) const = default;
};

// sum = conv(codes - zero_point, weight), exact in int32. Without `requantize` y = sum * factor + bias in float32, bias
// float [O]. With it codes clip(round((sum + bias) * factor) + y_zero_point, qmin, qmax), bias int32 [O]. Inputs codes,
// zero_point [1], weight int8 [O,C/groups,kh,kw], bias, factor [O], and y_zero_point [1] with `requantize`.
struct IntegerConv2d {
    Pair stride{1, 1}, padding{0, 0}, dilation{1, 1};
    int64_t groups = 1;
    bool requantize = false;
    int64_t qmin = 0, qmax = 255;
    Conv2d window() const { return {stride, padding, dilation, groups}; }
    static constexpr std::string_view name = "IntegerConv2d";
    static constexpr OpTraits row{.inputs = {5, 6}, .onCodes = true};
    OpTraits traits() const {
        OpTraits traits = row;
        traits.inputs = requantize ? Arity{6, 6} : Arity{5, 5};
        return traits;
    }
    static constexpr auto fields() {
        return std::tuple{Field{"stride", &IntegerConv2d::stride},
                          Field{"padding", &IntegerConv2d::padding},
                          Field{"dilation", &IntegerConv2d::dilation},
                          Field{"groups", &IntegerConv2d::groups},
                          Field{"requantize", &IntegerConv2d::requantize},
                          Field{"qmin", &IntegerConv2d::qmin},
                          Field{"qmax", &IntegerConv2d::qmax}};
    }
    bool operator==(const IntegerConv2d&) const = default;
};

// sum = (a - zero_a) (b - zero_b), exact. Without `requantize` y = sum * factor in float32, with it codes
// clip(round(sum * factor) + y_zero_point, qmin, qmax). Inputs codes a, zero_a [1], codes b, zero_b [1], factor [1],
// and y_zero_point [1] with `requantize`.
struct IntegerMatMul {
    bool requantize = false;
    int64_t qmin = 0, qmax = 255;
    static constexpr std::string_view name = "IntegerMatMul";
    static constexpr OpTraits row{.inputs = {5, 6}, .onCodes = true};
    OpTraits traits() const {
        OpTraits traits = row;
        traits.inputs = requantize ? Arity{6, 6} : Arity{5, 5};
        return traits;
    }
    static constexpr auto fields() {
        return std::tuple{Field{"requantize", &IntegerMatMul::requantize}, Field{"qmin", &IntegerMatMul::qmin},
                          Field{"qmax", &IntegerMatMul::qmax}};
    }
    bool operator==(const IntegerMatMul&) const = default;
};

// Sum of two tensors of codes. Inputs a, b, scales [3] and zero points [3] of a, b and the result.
struct IntegerAdd {
    int64_t qmin = 0, qmax = 255;
    static constexpr std::string_view name = "IntegerAdd";
    static constexpr OpTraits row{.inputs = {4, 4}, .onCodes = true};
    static constexpr auto fields() {
        return std::tuple{Field{"qmin", &IntegerAdd::qmin}, Field{"qmax", &IntegerAdd::qmax}};
    }
    bool operator==(const IntegerAdd&) const = default;
};

// y = table[code], or table[code + 128] for int8. Inputs codes, table [256] of codes.
struct Lookup {
    static constexpr std::string_view name = "Lookup";
    static constexpr OpTraits row{.inputs = {2, 2}, .onCodes = true};
    static constexpr auto fields() { return std::tuple{}; }
    bool operator==(const Lookup&) const = default;
};

using Op = std::variant<Conv2d, Linear, MatMul, BatchNorm, Activation, Binary, Pool, Resize, Concat, Split, Slice,
                        Reshape, Permute, Gather, Pad, Clip, Reduce, Softmax, AnchorPoints, FakeQuantize, Quantize,
                        Dequantize, IntegerConv2d, IntegerMatMul, IntegerAdd, Lookup>;

std::string_view opName(const Op& op);

// The row of its struct, with what depends on attributes.
OpTraits traitsOf(const Op& op);
// Moves, picks or repeats numbers without changing them: its inputs and outputs then share one grid.
inline bool movesDataOnly(const Op& op) {
    return traitsOf(op).movesDataOnly;
}
// Multiplies with a stored weight, which is quantized with it.
inline bool hasWeight(const Op& op) {
    return traitsOf(op).layer.weight.has_value();
}

// For visitors written as a set of lambdas: std::visit(Overload{...}, op). A missing op does not compile.
template <class... Cases>
struct Overload : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Overload(Cases...) -> Overload<Cases...>;

}  // namespace qat
