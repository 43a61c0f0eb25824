// A parser by recursive descent over one short word.
#include "models/table_words.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

namespace qat {
namespace {

constexpr int kMostNesting = 16;
constexpr std::array<std::string_view, 4> kWidthNames{"in_weight_bit_width", "weight_bit_width", "act_bit_width",
                                                      "out_weight_bit_width"};

std::optional<double> numberOf(const Layout& layout, std::string_view word) {
    const auto classes = static_cast<double>(layout.classes);
    if (word == "nc") return classes;
    if (word == "use_hardtanh") return layout.hardTanh ? 1 : 0;
    for (size_t i = 0; i < layout.bitWidths.size(); ++i)
        if (word == kWidthNames[i]) return static_cast<double>(layout.bitWidths[i]);
    if (layout.anchors.empty()) return std::nullopt;
    const auto anchors = static_cast<double>(layout.anchors.front().size() / 2);
    if (word == "na") return anchors;
    if (word == "no") return anchors * (classes + 5);
    return std::nullopt;
}

// Nothing once something did not fit.
class Expression {
public:
    Expression(const Layout& layout, std::string_view text) : m_layout(layout), m_rest(text) {}

    std::optional<double> value() {
        const auto all = sum();
        skipBlanks();
        return m_rest.empty() && all && std::isfinite(*all) ? all : std::nullopt;
    }

private:
    using Number = std::optional<double>;

    Number sum() {
        return chain("+-", [this] { return product(); });
    }
    Number product() {
        return chain("*/", [this] { return atom(); });
    }

    template <class Next>
    Number chain(std::string_view signs, const Next& next) {
        Number left = next();
        while (left) {
            const char sign = peek();
            if (signs.find(sign) == std::string_view::npos) break;
            m_rest.remove_prefix(1);
            const Number right = next();
            left = right ? Number(apply(sign, *left, *right)) : std::nullopt;
        }
        return left;
    }
    static double apply(char sign, double left, double right) {
        return sign == '+' ? left + right : sign == '-' ? left - right : sign == '*' ? left * right : left / right;
    }

    Number atom() {
        const char first = peek();
        if (first == '(') return inParentheses();
        if (std::isdigit(static_cast<unsigned char>(first))) return literal();
        size_t length = 0;
        while (length < m_rest.size() && isWordPart(m_rest[length])) ++length;
        const Number known = numberOf(m_layout, m_rest.substr(0, length));
        m_rest.remove_prefix(length);
        return known;
    }
    Number inParentheses() {
        if (++m_nesting > kMostNesting) return std::nullopt;
        m_rest.remove_prefix(1);
        const Number inner = sum();
        if (peek() != ')') return std::nullopt;
        m_rest.remove_prefix(1);
        return inner;
    }
    Number literal() {
        double number = 0;
        const auto [end, error] = std::from_chars(m_rest.data(), m_rest.data() + m_rest.size(), number);
        if (error != std::errc()) return std::nullopt;
        m_rest.remove_prefix(static_cast<size_t>(end - m_rest.data()));
        return number;
    }
    static bool isWordPart(char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); }

    void skipBlanks() { m_rest.remove_prefix(std::min(m_rest.find_first_not_of(' '), m_rest.size())); }
    // The null character at the end.
    char peek() {
        skipBlanks();
        return m_rest.empty() ? '\0' : m_rest.front();
    }

    const Layout& m_layout;
    std::string_view m_rest;
    int m_nesting = 0;
};

}  // namespace

LayoutArg resolvedArg(const Layout& layout, const LayoutArg& arg) {
    if (arg.kind != LayoutArg::Kind::Text) return arg;
    const auto number = Expression(layout, arg.text).value();
    return number ? LayoutArg{LayoutArg::Kind::Number, *number} : arg;
}

}  // namespace qat
