// Every operator: attributes only, no tensors. Each is a struct in the header of its group. fields() is the one list
// that dump, load and equality read, `row` holds the facts that the rest of the program asks about (ops/op_traits.h).
// How an operator is computed stands in the source of its group, how it is written in each exporter.
#pragma once

#include <string_view>
#include <variant>

#include "ops/arithmetic_ops.h"
#include "ops/layer_ops.h"
#include "ops/moving_ops.h"
#include "ops/quantizing_ops.h"

namespace qat {

using Op = JoinedGroups<LayerOps, ArithmeticOps, MovingOps, QuantizingOps>::Any;

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
