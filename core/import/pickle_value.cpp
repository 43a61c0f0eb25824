// What a pickled value is, asked without knowing its kind.
#include "import/pickle.h"

#include <algorithm>

namespace qat {

std::optional<bool> PickleValue::asBool() const {
    return is(PickleKind::Bool) ? std::optional(m_integer != 0) : std::nullopt;
}

std::optional<int64_t> PickleValue::asInt() const {
    return is(PickleKind::Int) ? std::optional(m_integer) : std::nullopt;
}

std::optional<double> PickleValue::asNumber() const {
    if (is(PickleKind::Float)) return m_real;
    if (is(PickleKind::Int)) return static_cast<double>(m_integer);
    return std::nullopt;
}

std::optional<std::string_view> PickleValue::asText() const {
    if (is(PickleKind::String) || is(PickleKind::Bytes)) return m_node->text;
    return std::nullopt;
}

std::optional<std::string_view> PickleValue::asSymbol() const {
    return is(PickleKind::Symbol) ? std::optional(m_node->text) : std::nullopt;
}

std::span<const PickleValue> PickleValue::items() const {
    if (node()) return m_node->items;
    return {};
}

std::span<const std::pair<PickleValue, PickleValue>> PickleValue::pairs() const {
    if (node()) return m_node->pairs;
    return {};
}

const PickleValue* PickleValue::find(std::string_view key) const {
    const auto all = pairs();
    for (size_t i = all.size(); i-- > 0;)
        if (all[i].first.asText() == key) return &all[i].second;
    return nullptr;
}

std::string_view PickleValue::className() const {
    if (!is(PickleKind::Object)) return {};
    const PickleValue& callee = m_node->callee;
    // Files before PyTorch 1.6 wrap the classes of modules together with their source text, the oldest ones as the
    // first part, later ones as the second.
    if (!callee.is(PickleKind::Persistent)) return callee.asSymbol().value_or("");
    const auto parts = callee.m_node->args.items();
    for (size_t i = 0; i < std::min<size_t>(parts.size(), 2); ++i)
        if (const auto symbol = parts[i].asSymbol()) return *symbol;
    return {};
}

}  // namespace qat
