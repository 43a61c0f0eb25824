// Values as they stand in the text of a graph: numbers, flags, lists in brackets, names of enumerations.
#pragma once

#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ops/op.h"

namespace qat {

template <class Number>
requires std::is_arithmetic_v<Number> std::string fieldText(Number value) {
    std::array<char, 32> buffer;
    const auto end = std::to_chars(buffer.begin(), buffer.end(), value).ptr;
    return {buffer.data(), end};
}
inline std::string fieldText(bool value) {
    return value ? "true" : "false";
}

template <class Range>
std::string listText(const Range& items) {
    std::string text = "[";
    for (const auto item : items) text += (text.size() > 1 ? "," : "") + fieldText(item);
    return text + "]";
}

inline std::string fieldText(const Pair& value) {
    return listText(value);
}
inline std::string fieldText(const std::vector<int64_t>& value) {
    return listText(value);
}
template <class Enum>
requires std::is_enum_v<Enum> std::string fieldText(Enum value) {
    return std::string(namesOf(value)[static_cast<size_t>(value)]);
}

[[noreturn]] inline void badField(std::string_view text) {
    fail(ErrorKind::BadInput, "cannot read \"", text, "\"");
}

template <class Number>
void readNumber(std::string_view text, Number& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) badField(text);
}

inline void readField(std::string_view text, int64_t& value) {
    readNumber(text, value);
}
inline void readField(std::string_view text, double& value) {
    readNumber(text, value);
}
inline void readField(std::string_view text, bool& value) {
    if (text != "true" && text != "false") badField(text);
    value = text == "true";
}
template <class Number>
void readField(std::string_view text, std::vector<Number>& value) {
    if (text.size() < 2 || text.front() != '[' || text.back() != ']') badField(text);
    value.clear();
    for (std::string_view rest = text.substr(1, text.size() - 2); !rest.empty();) {
        const size_t comma = rest.find(',');
        readNumber(rest.substr(0, comma), value.emplace_back());
        rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
}
inline void readField(std::string_view text, Pair& value) {
    std::vector<int64_t> items;
    readField(text, items);
    if (items.size() != 2) badField(text);
    value = {items[0], items[1]};
}
template <class Enum>
requires std::is_enum_v<Enum>
void readField(std::string_view text, Enum& value) {
    const auto names = namesOf(value);
    for (size_t i = 0; i < names.size(); ++i)
        if (names[i] == text) {
            value = static_cast<Enum>(i);
            return;
        }
    badField(text);
}

// Splits "key=value" at the first equals sign.
inline std::pair<std::string_view, std::string_view> keyAndValue(std::string_view word) {
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos) badField(word);
    return {word.substr(0, equals), word.substr(equals + 1)};
}

}  // namespace qat
