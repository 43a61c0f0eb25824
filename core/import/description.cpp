// A row for each name, with what makes a fact of the value.
#include "import/description.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "import/literal_json.h"

namespace qat {
namespace {

using Facts = nlohmann::ordered_json;

// A list of names, or an object from index to name; nothing for anything else.
std::optional<std::vector<std::string>> namesIn(const Facts& value) {
    if (!value.is_array() && !value.is_object()) return std::nullopt;
    std::vector<std::string> names(value.size());
    if (names.size() > static_cast<size_t>(kMostClasses)) return std::nullopt;
    for (const auto& [key, name] : value.items()) {  // the keys of a list are its indices
        size_t index = names.size();
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
        const bool placed = error == std::errc() && end == key.data() + key.size() && index < names.size();
        if (!placed || !name.is_string() || !names[index].empty()) return std::nullopt;
        names[index] = name.get<std::string>();
    }
    return names;
}

bool takeNames(Checkpoint& checkpoint, const Facts& value) {
    auto names = namesIn(value);
    if (!names) return false;
    const auto count = checkpoint.numClasses > 0 ? std::optional(checkpoint.numClasses) : std::nullopt;
    setClasses(checkpoint, std::move(*names), count);
    return true;
}

bool takeCount(Checkpoint& checkpoint, const Facts& value) {
    if (!value.is_number_integer()) return false;
    const auto count = value.get<int64_t>();
    if (count < 0 || count > kMostClasses) return false;
    setClasses(checkpoint, {}, count);
    return true;
}

bool takeStrides(Checkpoint& checkpoint, const Facts& value) {
    constexpr size_t kMost = 16;
    constexpr double kLargest = 65536;
    if (!value.is_array() || value.empty() || value.size() > kMost) return false;
    std::vector<int64_t> strides;
    for (const Facts& stride : value) {
        const double number = stride.is_number() ? stride.get<double>() : 0;
        if (!(number >= 1 && number <= kLargest) || number != static_cast<double>(static_cast<int64_t>(number)))
            return false;
        strides.push_back(static_cast<int64_t>(number));
    }
    checkpoint.strides = std::move(strides);
    return true;
}

bool takeTask(Checkpoint& checkpoint, const Facts& value) {
    constexpr size_t kLongest = 100;
    if (!value.is_string() || value.get_ref<const std::string&>().size() > kLongest) return false;
    checkpoint.task = value.get<std::string>();
    return true;
}

// An object, or YAML as a text.
bool takeArchitecture(Checkpoint& checkpoint, const Facts& value) {
    if (!value.is_object() && !value.is_string()) return false;
    checkpoint.architectureJson = jsonText(value);
    return true;
}

struct Row {
    const char* name;
    bool (*take)(Checkpoint& checkpoint, const Facts& value);
};
constexpr std::array<Row, 5> kRows{{{"nc", takeCount},  // before the names, whose number it may correct
                                    {"names", takeNames},
                                    {"stride", takeStrides},
                                    {"task", takeTask},
                                    {"yaml", takeArchitecture}}};

// What is no literal is text.
Facts factIn(const std::string& text) {
    if (const auto json = literalJson(text)) {
        Facts value = Facts::parse(*json, nullptr, false);
        if (!value.is_discarded()) return value;
    }
    return Facts(text);
}

}  // namespace

void setClasses(Checkpoint& checkpoint, std::vector<std::string> names, std::optional<int64_t> count) {
    checkpoint.numClasses = count.value_or(static_cast<int64_t>(names.size()));
    require(checkpoint.numClasses >= 0 && checkpoint.numClasses <= kMostClasses, ErrorKind::BadInput, "it has ",
            checkpoint.numClasses, " classes");
    const size_t named = names.size();
    checkpoint.classNames = std::move(names);
    if (named == 0) return;
    checkpoint.classNames.resize(static_cast<size_t>(checkpoint.numClasses));
    for (size_t i = named; i < checkpoint.classNames.size(); ++i) checkpoint.classNames[i] = str("class", i);
}

void takeDescription(Checkpoint& checkpoint, std::map<std::string, std::string>& texts) {
    for (const Row& row : kRows) {
        const auto text = texts.find(row.name);
        if (text == texts.end()) continue;
        const Facts value = factIn(text->second);
        // A single stride, as exporters write, is the largest one: of the others it says nothing.
        const bool largest = row.take == takeStrides && value.is_number();
        if (row.take(checkpoint, value))
            texts.erase(text);
        else if (!largest)
            checkpoint.notes.push_back(
                str("its metadata ", row.name, " is not understood and was left: ", inQuotes(text->second)));
    }
}

}  // namespace qat
