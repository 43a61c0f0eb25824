// Python's pickle format as plain values: nothing a file names is ever looked up or run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qat {

enum class PickleKind : uint8_t {
    None,
    Bool,
    Int,
    Float,
    BigInt,      // more than 64 bits: text holds the little-endian two's complement bytes
    String,      // text is UTF-8 as stored, not checked
    Bytes,       // also the strings of Python 2
    List,        // items
    Tuple,       // items
    Dict,        // pairs in order of insertion; state if the dict has attributes of its own
    Symbol,      // text is "module.name"
    Object,      // of class or result of function `callee` with arguments `args`; items, pairs and state as set later
    Persistent,  // args is the id, a tuple in PyTorch's files
};

struct PickleNode;

// A scalar, or a reference to a node: copies share the node, as in Python, so values can contain themselves.
// Valid as long as the Pickle it came from. Whoever walks values must bound the depth and the number of steps.
class PickleValue {
public:
    PickleValue() = default;
    explicit PickleValue(bool value) : m_kind(PickleKind::Bool), m_integer(value) {}
    explicit PickleValue(int64_t value) : m_kind(PickleKind::Int), m_integer(value) {}
    explicit PickleValue(double value) : m_kind(PickleKind::Float), m_real(value) {}
    PickleValue(PickleKind kind, PickleNode* node) : m_kind(kind), m_node(node) {}

    PickleKind kind() const { return m_kind; }
    bool is(PickleKind kind) const { return m_kind == kind; }
    bool isNone() const { return m_kind == PickleKind::None; }

    // Each is empty where the value is of another kind.
    std::optional<bool> asBool() const;
    std::optional<int64_t> asInt() const;
    std::optional<double> asNumber() const;                              // Int or Float
    std::optional<std::string_view> asText() const;                      // String or Bytes
    std::optional<std::string_view> asSymbol() const;                    // "module.name"
    std::span<const PickleValue> items() const;                          // of List, Tuple, Object
    std::span<const std::pair<PickleValue, PickleValue>> pairs() const;  // of Dict, Object

    // The value under a text key, the latest if it was set twice; null if there is none. Linear in pairs().
    const PickleValue* find(std::string_view key) const;
    // The symbol an Object was made from; empty for anything else.
    std::string_view className() const;
    // Null for scalars. Two values are the same object if their nodes are.
    const PickleNode* node() const { return m_kind >= PickleKind::BigInt ? m_node : nullptr; }
    PickleNode* node() { return m_kind >= PickleKind::BigInt ? m_node : nullptr; }

private:
    PickleKind m_kind = PickleKind::None;
    union {
        int64_t m_integer = 0;
        double m_real;
        PickleNode* m_node;
    };
};

// Which members mean something is said at PickleKind.
struct PickleNode {
    std::string_view text;
    std::vector<PickleValue> items;
    std::vector<std::pair<PickleValue, PickleValue>> pairs;
    PickleValue callee, args, state;
};

// What one pickle holds. Owns every node, so that taking it down needs no recursion whatever refers to what.
// Text points into the bytes that were read.
struct Pickle {
    PickleValue root;
    size_t end = 0;                          // offset after the STOP opcode
    std::vector<PickleValue> persistentIds;  // every Persistent value, in order of appearance
    std::deque<PickleNode> nodes;
    std::deque<std::string> symbolTexts;
};

// Reads the pickle that starts at `offset`: protocols 2 to 5, and of the text forms those that Python 2 mixes in.
// Throws Error{BadInput} naming the offset and the reason. Time and memory are bounded by a fixed multiple of the
// bytes read and by fixed limits on opcodes and nodes.
Pickle unpickle(std::span<const std::byte> bytes, size_t offset = 0);

}  // namespace qat
