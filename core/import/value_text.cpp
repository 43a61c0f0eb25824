// Writes JSON as it goes: nothing is built that hostile values could blow up.
#include "import/value_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace qat {
namespace {

constexpr int kDeepestJson = 30;
constexpr size_t kMostJson = size_t{1} << 20;

std::string numberText(double number) {
    std::array<char, 32> digits;
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    return std::string(digits.data(), end);
}

class JsonWriter {
public:
    void write(const PickleValue& value, int depth) {
        require(depth <= kDeepestJson, ErrorKind::BadInput, "its architecture is nested more than ", kDeepestJson,
                " deep");
        if (value.isNone())
            append("null");
        else if (const auto chars = value.asText())
            writeText(*chars);
        else if (value.is(PickleKind::Float))
            writeReal(*value.asNumber());
        else if (const auto scalar = scalarText(value))
            append(*scalar);
        else
            writeContainer(value, depth);
    }
    std::string take() { return std::move(m_json); }

private:
    void append(std::string_view text) {
        require(text.size() <= kMostJson - m_json.size(), ErrorKind::BadInput, "its architecture takes more than ",
                kMostJson, " bytes of text");
        m_json += text;
    }

    void writeText(std::string_view text) {
        require(text.size() <= kMostJson, ErrorKind::BadInput, "its architecture holds a text of ", text.size(),
                " bytes");
        append(jsonText(nlohmann::json(std::string(text))));
    }

    // With a sign of being a fraction, so that 2.0 does not come back as 2.
    void writeReal(double number) {
        const std::string text = numberText(number);
        if (!std::isfinite(number))
            writeText(text);
        else
            append(text.find_first_of(".e") == std::string::npos ? text + ".0" : text);
    }

    void writeContainer(const PickleValue& value, int depth) {
        const bool isList = value.is(PickleKind::List) || value.is(PickleKind::Tuple) || !value.items().empty();
        if (value.is(PickleKind::Dict) || !value.pairs().empty()) return writePairs(value, depth);
        if (isList) return writeItems(value, depth);
        const std::string_view symbol = value.asSymbol().value_or(value.className());
        writeText(str('<', symbol.empty() ? "unknown" : symbol, '>'));
    }

    void writeItems(const PickleValue& list, int depth) {
        const char* before = "[";
        for (const PickleValue& item : list.items()) {
            append(before);
            write(item, depth + 1);
            before = ",";
        }
        append(list.items().empty() ? "[]" : "]");
    }

    void writePairs(const PickleValue& dict, int depth) {
        const char* before = "{";
        for (const auto& [key, value] : dict.pairs()) {
            const auto name = key.isNone() ? std::optional<std::string>("null") : scalarText(key);
            require(name.has_value(), ErrorKind::BadInput, "a key of its architecture is neither text nor a number");
            append(before);
            writeText(*name);
            append(":");
            write(value, depth + 1);
            before = ",";
        }
        append(dict.pairs().empty() ? "{}" : "}");
    }

    std::string m_json;
};

}  // namespace

std::optional<std::string> scalarText(const PickleValue& value) {
    if (const auto chars = value.asText()) return isUtf8(*chars) ? std::optional(std::string(*chars)) : std::nullopt;
    if (const auto flag = value.asBool()) return *flag ? "true" : "false";
    if (const auto integer = value.asInt()) return std::to_string(*integer);
    const auto number = value.asNumber();
    return number ? std::optional(numberText(*number)) : std::nullopt;
}

std::string valueJson(const PickleValue& value) {
    JsonWriter writer;
    writer.write(value, 0);
    return writer.take();
}

}  // namespace qat
