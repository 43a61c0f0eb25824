// What the rest of the program asks about an activation: one row a kind, in activation.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "graph/types.h"
#include "ops/activation_kind.h"

namespace qat {

// An operator of ONNX, opset 13. Its first input is what the step before made, at first the activation's input.
struct OnnxStep {
    enum class With {
        Nothing,
        Input,      // the activation's input; it is the first input then
        Number,     // numbers[0], as a constant
        Numbers,    // both, as constants
        AlphaBeta,  // both, as attributes of these names
        Slope       // the activation's slope, as attribute alpha
    };
    std::string_view type;
    With with = With::Nothing;
    std::array<float, 2> numbers{};
};

// An element-wise algorithm of oneDNN that a convolution applies to its result; without a name there is none.
struct OneDnnStep {
    std::string_view algorithm{};
    float alpha = 0, beta = 0;  // where the kind has a slope, that is alpha
};

struct ActivationTraits {
    ActivationKind kind;
    // Nothing below is made; minus infinity if anything can be.
    float least;
    // What lies below is told apart by at most 0.015, less than half a step of an 8-bit result that reaches beyond 4:
    // the range of a quantizer in front ends there, since codes spent below would coarsen the rest. (SiLU, W8A8 yolov8n
    // on coco128: mAP50-95 0.4653 with, 0.4496 without.) Minus infinity: all values count.
    float usefulFloor;
    // y = max(lowest, min(x, highest)): a quantizer after it whose range ends there does the same.
    bool clips = false;
    // f(t x) = t f(x) for t > 0: factors may be moved from one side to the other.
    bool homogeneous = false;
    bool hasSlope = false;
    // Of one number, rounded as the operators of an exported file round: what tables of codes hold.
    float (*value)(float x, float slope);
    // y = f(u); y may be u. out = g f'(u), out may be g; without one, libtorch's own gradient is taken.
    void (*forward)(const float* u, float* y, int64_t n, float slope);
    void (*backward)(const float* u, const float* g, float* out, int64_t n, float slope);
    OneDnnStep oneDnn{};
    // The function in libtorch's own operations: on any device, in any floating point type, with a gradient.
    at::Tensor (*portable)(const at::Tensor& x, double slope);
    std::span<const OnnxStep> onnx;
};

const ActivationTraits& traitsOf(ActivationKind kind);

// Something negative is made, but hardly any of it: a grid that is symmetric around 0 wastes almost half its codes.
inline bool hasShortTail(const ActivationTraits& traits) {
    return traits.least < 0 && traits.least > -0.5f;
}

}  // namespace qat
