// Rows in short.
#include "models/layout.h"

#include <charconv>

#include "base/error.h"

namespace qat {
namespace {

std::optional<double> numberIn(std::string_view word) {
    double number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return number;
}

std::vector<double> listIn(std::string_view word) {
    std::vector<double> list;
    for (std::string_view rest = word.substr(1, word.size() - 2); !rest.empty();) {
        const size_t comma = std::min(rest.find(','), rest.size());
        const auto number = numberIn(rest.substr(0, comma));
        ensure(number.has_value(), "a list in a table of layers");
        list.push_back(*number);
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return list;
}

LayoutArg argIn(std::string_view word) {
    using Kind = LayoutArg::Kind;
    if (word == "T" || word == "F") return {Kind::Number, word == "T" ? 1.0 : 0.0};
    if (word == "None") return {};
    if (word.front() == '[') return {Kind::List, 0, {}, listIn(word)};
    if (const auto number = numberIn(word)) return {Kind::Number, *number};
    return {Kind::Text, 0, std::string(word)};
}

bool isRepeats(std::string_view word) {
    return word.size() > 1 && word.front() == 'x' && numberIn(word.substr(1));
}

void takeWord(LayoutRow& row, std::string_view word) {
    if (word.front() == '<') {
        row.from.clear();
        for (const double number : listIn(word)) row.from.push_back(static_cast<int64_t>(number));
    } else if (row.module.empty()) {
        const size_t colon = word.find(':');
        if (colon != std::string_view::npos) row.name = word.substr(0, colon);
        row.module = colon == std::string_view::npos ? word : word.substr(colon + 1);
    } else if (isRepeats(word)) {
        row.repeats = *numberIn(word.substr(1));
    } else {
        row.args.push_back(argIn(word));
    }
}

}  // namespace

std::vector<LayoutRow> parseRows(std::string_view text) {
    std::vector<LayoutRow> rows(1);
    while (!text.empty()) {
        const size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word == "|")
            rows.emplace_back();
        else if (!word.empty())
            takeWord(rows.back(), word);
    }
    return rows;
}

}  // namespace qat
