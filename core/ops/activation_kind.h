// The kinds of activations and their names, for whoever needs no more than that. What each is stands in
// ops/activation.h.
#pragma once

#include <array>
#include <string_view>

namespace qat {

// GeluTanh is the form with a hyperbolic tangent that GELU's publication gives for speed. Sin and Cos turn boxes.
// Identity makes what it reads: numbers that get a quantizer of their own stand behind one.
enum class ActivationKind {
    Relu,
    Silu,
    Sigmoid,
    LeakyRelu,
    Relu6,
    Hardswish,
    HardSigmoid,
    HardTanh,
    Tanh,
    Elu,
    Mish,
    Gelu,
    GeluTanh,
    Sin,
    Cos,
    Identity
};

// In graph text and in qat_params.fusion_patterns; in the order of the kinds, one for each.
inline constexpr std::array<std::string_view, 16> kActivationNames{
    "relu", "silu", "sigmoid", "leaky_relu", "relu6",     "hardswish", "hardsigmoid", "hardtanh",
    "tanh", "elu",  "mish",    "gelu",       "gelu_tanh", "sin",       "cos",         "identity"};

constexpr const auto& namesOf(ActivationKind) {
    return kActivationNames;
}

constexpr bool isActivationName(std::string_view text) {
    for (const std::string_view name : kActivationNames)
        if (name == text) return true;
    return false;
}

}  // namespace qat
