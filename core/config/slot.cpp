// Converts between YAML scalars and typed values; the only place that knows how a number or choice is spelled.
#include "config/slot.h"

#include "config/export_formats.h"

#include <re2/re2.h>
#include <algorithm>

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

#include "base/error.h"

namespace qat {
namespace {

// Spellings of each enumeration, in the order of its values.
template <class E>
constexpr auto kNames = 0;
template <>
constexpr std::array kNames<DType>{"qint8", "quint8", "float8_e4m3", "float8_e5m2", "float16"};
template <>
constexpr std::array kNames<Scheme>{"per_tensor", "per_channel", "per_group"};
template <>
constexpr std::array kNames<ObserverKind>{
    "minmax", "moving_average_minmax", "per_channel_minmax", "histogram", "custom_minmax", "percentile", "entropy",
    "mse"};
template <>
constexpr std::array kNames<FakeQuantKind>{"custom", "per_channel", "lsq", "pact"};
template <>
constexpr std::array kNames<ScaleKind>{"float", "log2", "power_of_two"};
template <>
constexpr std::array kNames<CalibrationMethod>{"minmax", "histogram", "percentile", "entropy", "mse", "sqnr"};
template <>
constexpr std::array kNames<CoresetMethod>{"k-center", "random", "herding"};
template <>
constexpr std::array kNames<QcFold>{"auto", "per_channel", "never"};
template <>
constexpr std::array kNames<GateReaction>{"continue", "stop", "retry"};
template <>
constexpr std::array kNames<OptimizerKind>{"SGD", "Adam", "AdamW", "MuSGD"};
template <>
constexpr std::array kNames<EndToEndKind>{"auto", "equal", "decaying"};
template <>
constexpr std::array kNames<ClassLossKind>{"auto", "cross_entropy", "sqr_hinge"};
template <>
constexpr std::array kNames<ScheduleKind>{"cosine", "step", "linear"};
template <>
constexpr std::array kNames<SensitivityTensors>{"both", "weights"};
template <>
constexpr std::array kNames<ExportOutput> = kExportOutputs;
template <>
constexpr std::array kNames<JoinMode>{"union", "output", "largest", "requantize"};

using Complaint = std::optional<std::string>;

template <class T>
struct OptionalTraits {
    using Value = T;
    static constexpr bool isOptional = false;
};
template <class T>
struct OptionalTraits<std::optional<T>> {
    using Value = T;
    static constexpr bool isOptional = true;
};
template <class T>
constexpr bool kIsList = std::is_same_v<T, std::vector<std::string>> || std::is_same_v<T, std::vector<int>> ||
                         std::is_same_v<T, std::vector<double>>;

std::string numberText(double value) {
    char buffer[400];
    const double size = std::abs(value);
    const bool fixed = value == 0 || (size >= 1e-5 && size < 1e15);
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value,
                                   fixed ? std::chars_format::fixed : std::chars_format::scientific);
    std::string text(buffer, end.ptr);
    // Without a point other YAML readers take the number for an integer or, with an exponent, for a text.
    if (text.find('.') == std::string::npos) text.insert(std::min(text.find('e'), text.size()), ".0");
    return text;
}

std::string boundText(double bound) {
    if (bound == std::floor(bound) && std::abs(bound) < 1e15) return str(static_cast<int64_t>(bound));
    std::string text = numberText(bound);
    return text;
}

std::string expectedRange(const ConfigField& field) {
    return str("expected ", boundText(field.minimum), " to ", boundText(field.maximum));
}

std::string expectedChoice(const ConfigField& field) {
    std::string text = "expected ";
    for (size_t i = 0; i < field.choices.size(); ++i) {
        const bool last = i + 1 == field.choices.size();
        text += (i == 0 ? "" : last && field.pattern.empty() ? " or " : ", ") + field.choices[i];
    }
    if (!field.pattern.empty()) text += " or " + field.patternName;
    return text;
}

// How a scalar of the wrong type is named: quotes tell a text from a number.
std::string shown(const YamlNode& node) {
    return node.quoted ? "the text \"" + excerpt(node.text) + "\"" : excerpt(node.text);
}

bool isOffered(const ConfigField& field, const std::string& text) {
    return std::find(field.choices.begin(), field.choices.end(), text) != field.choices.end() ||
           (!field.pattern.empty() && RE2::FullMatch(text, field.pattern));
}

Complaint parseValue(const YamlNode& node, const ConfigField& field, std::string& value) {
    if (!field.choices.empty() && !isOffered(field, node.text))
        return excerpt(node.text) + ", " + expectedChoice(field);
    value = node.text;
    return std::nullopt;
}

Complaint parseValue(const YamlNode& node, const ConfigField&, bool& value) {
    static constexpr std::array yes{"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"};
    static constexpr std::array no{"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"};
    const auto isOneOf = [&](const auto& words) {
        return std::find(words.begin(), words.end(), node.text) != words.end();
    };
    if (node.quoted || (!isOneOf(yes) && !isOneOf(no))) return shown(node) + ", expected true or false";
    value = isOneOf(yes);
    return std::nullopt;
}

// from_chars takes no plus sign, YAML does.
std::string_view withoutPlus(std::string_view text) {
    return text.size() > 1 && text[0] == '+' && text[1] != '-' ? text.substr(1) : text;
}

template <class Integer>
requires std::is_same_v<Integer, int> || std::is_same_v<Integer, int64_t> Complaint parseValue(const YamlNode& node,
                                                                                               const ConfigField& field,
                                                                                               Integer& value) {
    const std::string_view text = withoutPlus(node.text);
    int64_t number = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
    if (node.quoted || end.ptr != text.data() + text.size() || end.ec == std::errc::invalid_argument)
        return shown(node) + ", expected a whole number";
    if (end.ec != std::errc() || static_cast<double>(number) < field.minimum ||
        static_cast<double>(number) > field.maximum)
        return shown(node) + ", " + expectedRange(field);
    value = static_cast<Integer>(number);
    return std::nullopt;
}

Complaint parseValue(const YamlNode& node, const ConfigField& field, double& value) {
    const std::string_view text = withoutPlus(node.text);
    double number = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool isWord = std::any_of(text.begin(), text.end(), [](char c) { return (c | 32) == 'n'; });  // nan, inf
    if (node.quoted || isWord || end.ptr != text.data() + text.size() || end.ec == std::errc::invalid_argument)
        return shown(node) + ", expected a number";
    if (end.ec != std::errc() || !(number >= field.minimum && number <= field.maximum))
        return shown(node) + ", " + expectedRange(field);
    value = number;
    return std::nullopt;
}

template <class E>
requires std::is_enum_v<E> Complaint parseValue(const YamlNode& node, const ConfigField& field, E& value) {
    const auto found = std::find(kNames<E>.begin(), kNames<E>.end(), node.text);
    const bool offered = std::find(field.choices.begin(), field.choices.end(), node.text) != field.choices.end();
    if (found == kNames<E>.end() || !offered) return excerpt(node.text) + ", " + expectedChoice(field);
    value = static_cast<E>(found - kNames<E>.begin());
    return std::nullopt;
}

template <class Element>
std::optional<SlotComplaint> assignList(std::vector<Element>& list, const ConfigField& field, const YamlItem& value) {
    if (!value.node->isSequence())
        return SlotComplaint{
            (value.node->isMap() ? "a section" : shown(*value.node)) + ", expected a list such as [a, b]",
            value.offset};
    if (value.node->items.size() > 1000) return SlotComplaint{"a list of more than 1000 elements", value.offset};
    std::vector<Element> elements;
    for (const YamlItem& item : value.node->items) {
        if (!item.node->isScalar()) return SlotComplaint{"a list with an element that is no plain value", item.offset};
        Element element{};
        if (const auto complaint = parseValue(*item.node, field, element))
            return SlotComplaint{"a list with the element " + *complaint, item.offset};
        elements.push_back(std::move(element));
    }
    list = std::move(elements);
    return std::nullopt;
}

std::string valueText(const std::string& value) {
    return value;
}
std::string valueText(bool value) {
    return value ? "true" : "false";
}
std::string valueText(int value) {
    return std::to_string(value);
}
std::string valueText(int64_t value) {
    return std::to_string(value);
}
std::string valueText(double value) {
    return numberText(value);
}
template <class E>
requires std::is_enum_v<E> std::string valueText(E value) {
    return kNames<E>.at(static_cast<size_t>(value));
}

}  // namespace

std::string spelling(CalibrationMethod method) {
    return kNames<CalibrationMethod>.at(static_cast<size_t>(method));
}

std::optional<SlotComplaint> assignSlot(const Slot& slot, const ConfigField& field, const YamlItem& value) {
    return std::visit(
        [&]<class T>(T* place) -> std::optional<SlotComplaint> {
            if constexpr (kIsList<T>) {
                return assignList(*place, field, value);
            } else {
                if (value.node->isMap()) return SlotComplaint{"a section, expected a single value", value.offset};
                if (value.node->isSequence()) return SlotComplaint{"a list, expected a single value", value.offset};
                typename OptionalTraits<T>::Value parsed{};
                if (const auto complaint = parseValue(*value.node, field, parsed))
                    return SlotComplaint{*complaint, value.offset};
                *place = std::move(parsed);
                return std::nullopt;
            }
        },
        slot);
}

std::string adviceFor(std::string_view path, const YamlNode& value) {
    const bool sides = path == "data.imgsz" && value.isSequence();
    return sides ? ": inputs are square, so give the side alone (data.rect leaves the padding out when validating)"
                 : "";
}

std::optional<std::vector<std::string>> slotValues(const Slot& slot) {
    return std::visit(
        []<class T>(const T* place) -> std::optional<std::vector<std::string>> {
            std::vector<std::string> values;
            if constexpr (kIsList<T>) {
                for (const auto& element : *place) values.push_back(valueText(element));
            } else if constexpr (OptionalTraits<T>::isOptional) {
                if (!*place) return std::nullopt;
                values.push_back(valueText(**place));
            } else {
                values.push_back(valueText(*place));
            }
            return values;
        },
        slot);
}

void describeSlot(const Slot& slot, ConfigField& field) {
    using Kind = ConfigField::Kind;
    std::visit(
        [&]<class T>(const T*) {
            using Value = typename OptionalTraits<T>::Value;
            if constexpr (kIsList<Value>) {
                field.kind = Kind::List;
                field.fractions = std::is_same_v<Value, std::vector<double>>;
            } else if constexpr (std::is_same_v<Value, bool>) {
                field.kind = Kind::Boolean;
            } else if constexpr (std::is_same_v<Value, double>) {
                field.kind = Kind::Real;
            } else if constexpr (std::is_integral_v<Value>) {
                field.kind = Kind::Integer;
            } else if constexpr (std::is_enum_v<Value>) {
                field.kind = Kind::Choice;
                field.choices.assign(kNames<Value>.begin(), kNames<Value>.end());
            } else {
                field.kind = Kind::Text;
            }
        },
        slot);
}

bool holdsNumbers(const ConfigField& field) {
    using Kind = ConfigField::Kind;
    return field.kind == Kind::Integer || field.kind == Kind::Real ||
           (field.kind == Kind::List && field.maximum > field.minimum);
}

std::string excerpt(std::string_view text) {
    constexpr size_t kLongest = 60;
    std::string result(text.substr(0, kLongest));
    if (text.size() > kLongest) {
        // Not in the middle of a UTF-8 sequence.
        while (!result.empty() && (static_cast<unsigned char>(text[result.size()]) & 0xC0) == 0x80) result.pop_back();
        result += "...";
    }
    for (char& c : result)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    return result;
}

std::string inYamlQuotes(std::string_view text) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string result = "\"";
    for (const char c : text) {
        const unsigned char byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            result += {'\\', c};
        else if (c == '\n')
            result += "\\n";
        else if (byte < 0x20 || byte == 0x7F)
            result += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
        else
            result += c;
    }
    return result + '"';
}

bool plainIsSafe(std::string_view text) {
    static constexpr std::array words{"null", "Null", "NULL", "~", "...", "---"};
    if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
    if (std::find(words.begin(), words.end(), text) != words.end()) return false;
    if (std::string_view("-?:!&*|>%@`'\"#").find(text.front()) != std::string_view::npos &&
        !(text.front() == '-' && text.size() > 1 &&
          (std::isdigit(static_cast<unsigned char>(text[1])) || text[1] == '.')))
        return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        const unsigned char byte = static_cast<unsigned char>(c);
        return byte > 0x20 && byte < 0x7F && std::string_view(",[]{}#:").find(c) == std::string_view::npos;
    });
}

std::string yamlScalar(const ConfigField& field, const std::string& value) {
    const bool plain = holdsNumbers(field) || field.kind == ConfigField::Kind::Boolean;
    return plain && plainIsSafe(value) ? value : inYamlQuotes(value);
}

namespace {

template <class Write>
std::string joined(const std::vector<std::string>& values, Write write) {
    std::string text = "[";
    for (const std::string& value : values) text += (text.size() > 1 ? ", " : "") + write(value);
    return text + "]";
}

}  // namespace

std::string plainForm(const ConfigField& field, const std::vector<std::string>& values) {
    if (field.kind != ConfigField::Kind::List) return values.empty() ? "" : values.front();
    return joined(values, [](const std::string& value) { return plainIsSafe(value) ? value : inYamlQuotes(value); });
}

std::string yamlForm(const ConfigField& field, const std::vector<std::string>& values) {
    if (field.kind == ConfigField::Kind::List)
        return joined(values, [&](const std::string& value) { return yamlScalar(field, value); });
    return yamlScalar(field, values.empty() ? "" : values.front());
}

}  // namespace qat
