// Compiles patterns with RE2, whose time is linear in the text and whose memory is bounded.
#include "config/pattern.h"

#include <re2/re2.h>

#include "base/error.h"
#include "config/slot.h"

namespace qat {
namespace {

constexpr size_t kLongestPattern = 1000;

std::shared_ptr<const re2::RE2> compile(std::string_view pattern) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    return std::make_shared<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
}

std::optional<std::string> complaintAbout(std::string_view pattern, const re2::RE2& expression) {
    if (expression.ok()) return std::nullopt;
    return "\"" + excerpt(pattern) + "\", which is no regular expression (" + excerpt(expression.error()) + ")";
}

std::optional<std::string> shapeComplaint(std::string_view pattern) {
    if (pattern.empty()) return "empty, expected a regular expression";
    if (pattern.size() > kLongestPattern) return str("longer than ", kLongestPattern, " characters");
    return std::nullopt;
}

}  // namespace

LayerPattern::LayerPattern(std::string_view pattern) {
    if (const auto wrong = shapeComplaint(pattern)) fail(ErrorKind::BadInput, "the layer pattern is ", *wrong);
    m_expression = compile(pattern);
    if (const auto wrong = complaintAbout(pattern, *m_expression))
        fail(ErrorKind::BadInput, "the layer pattern is ", *wrong);
}

bool LayerPattern::matches(std::string_view name, const std::vector<std::string>& aliases) const {
    const auto found = [&](std::string_view text) {
        return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *m_expression);
    };
    if (found(name)) return true;
    for (const std::string& alias : aliases)
        if (found(alias)) return true;
    return false;
}

const std::string& LayerPattern::text() const {
    return m_expression->pattern();
}

std::optional<std::string> LayerPattern::complaint(std::string_view pattern) {
    if (auto wrong = shapeComplaint(pattern)) return wrong;
    return complaintAbout(pattern, *compile(pattern));
}

std::string withEscapedDots(std::string_view pattern) {
    std::string result;
    bool inBrackets = false;
    for (size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c == '\\' && i + 1 < pattern.size()) {
            result += {c, pattern[++i]};
            continue;
        }
        if (c == '[')
            inBrackets = true;
        else if (c == ']')
            inBrackets = false;
        const bool repeated =
            i + 1 < pattern.size() && std::string_view("*+?{").find(pattern[i + 1]) != std::string_view::npos;
        if (c == '.' && !inBrackets && !repeated) result += '\\';
        result += c;
    }
    return result;
}

std::string patternForLayer(std::string_view name) {
    return "^" + re2::RE2::QuoteMeta(re2::StringPiece(name.data(), name.size())) + "$";
}

}  // namespace qat
