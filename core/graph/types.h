// Small vocabulary of the graph: typed ids, shapes, element types, the forward-declared tensor.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace at {
class Tensor;
}

namespace qat {

using TensorPtr = std::shared_ptr<at::Tensor>;  // shared by graph copies: see Graph::clone
using Shape = std::vector<int64_t>;             // as laid out by the op, NCHW for images; -1 = not known yet
using Pair = std::array<int64_t, 2>;            // vertical, horizontal

template <class Tag>
struct Id {
    int32_t index = -1;
    bool valid() const { return index >= 0; }
    auto operator<=>(const Id&) const = default;
};
using ValueId = Id<struct ValueTag>;
using NodeId = Id<struct NodeTag>;

enum class ElementType { Float32, Int64, Int32, Int8, Uint8 };

}  // namespace qat

template <class Tag>
struct std::hash<qat::Id<Tag>> {
    size_t operator()(qat::Id<Tag> id) const noexcept { return std::hash<int32_t>{}(id.index); }
};
