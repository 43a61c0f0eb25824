// The facts about an operator that other parts of the program ask for, one row beside each struct, and groups of
// operators.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace qat {

// How many inputs.
struct Arity {
    size_t least, most;
};

inline constexpr size_t kAnyNumber = 1u << 16;

// What the inputs of a multiplying operator are for. The first `activations` inputs are data in flight: each gets a
// quantizer. Weight and bias are places of stored inputs.
struct LayerRole {
    std::string_view word{};  // in qat_params.fusion_patterns
    std::optional<size_t> weight{}, bias{};
    size_t activations = 0;  // 0: no layer
    int64_t outputAxis = 0;  // of the weight: its channels, which have a scale each, are those of the output
};

struct OpTraits {
    Arity inputs;
    size_t outputs = 1;
    bool movesDataOnly = false;       // moves, picks or repeats numbers: inputs and outputs share one grid
    size_t movedInputs = kAnyNumber;  // of these; of inputs behind them only the shape counts
    bool shapesOnly = false;          // reads the shapes of its inputs and not what they hold
    bool onCodes = false;             // stands in graphs that lowerToIntegers made only
    LayerRole layer{};
};

// Operators that stand in one header and are computed in one source, which a new one is added to.
template <class... Operators>
struct OpGroup {
    using Any = std::variant<Operators...>;
    using Pointer = std::variant<const Operators*...>;  // to any one of them
};

template <class... Groups>
struct JoinedGroups;
template <class... Operators>
struct JoinedGroups<OpGroup<Operators...>> : OpGroup<Operators...> {};
template <class... First, class... Second, class... Rest>
struct JoinedGroups<OpGroup<First...>, OpGroup<Second...>, Rest...>
    : JoinedGroups<OpGroup<First..., Second...>, Rest...> {};

}  // namespace qat
