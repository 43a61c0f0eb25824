// Quantizers, and the operators on codes.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include "base/field.h"
#include "graph/types.h"
#include "ops/layer_ops.h"
#include "ops/number_format.h"
#include "ops/op_traits.h"

namespace qat {

enum class FakeQuantMode { Ste, Lsq, Pact };
constexpr std::array<std::string_view, 3> namesOf(FakeQuantMode) {
    return {"ste", "lsq", "pact"};
}
enum class ScaleForm { Plain, Log2, PowerOfTwo };
constexpr std::array<std::string_view, 3> namesOf(ScaleForm) {
    return {"plain", "log2", "power_of_two"};
}

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

// Computed in quantizing_ops.cpp.
using QuantizingOps = OpGroup<FakeQuantize, Quantize, Dequantize, IntegerConv2d, IntegerMatMul, IntegerAdd, Lookup>;

}  // namespace qat
