// One pass over the text, which writes as it reads.
#include "import/literal_json.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace qat {
namespace {

constexpr int kDeepestLiteral = 30;
constexpr size_t kLongestLiteral = size_t{1} << 20;

// Every reader returns false if the text is not of its form; what was written is then of no use.
class LiteralReader {
public:
    explicit LiteralReader(std::string_view text) : m_rest(text) {}

    bool readWhole() {
        if (!readValue(0)) return false;
        skipSpace();
        return m_rest.empty();
    }
    std::string take() { return std::move(m_json); }

private:
    void skipSpace() { m_rest.remove_prefix(std::min(m_rest.find_first_not_of(" \t\r\n"), m_rest.size())); }

    bool accept(char wanted) {
        skipSpace();
        if (!m_rest.starts_with(wanted)) return false;
        m_rest.remove_prefix(1);
        return true;
    }

    bool readValue(int depth) {
        skipSpace();
        if (m_rest.empty() || depth > kDeepestLiteral) return false;
        switch (m_rest.front()) {
            case '{':
                return readPairs(depth);
            case '[':
                return readItems('[', ']', depth);
            case '(':
                return readItems('(', ')', depth);
            case '"':
            case '\'':
                return readText();
            default:
                return readWord();
        }
    }

    bool readItems(char open, char close, int depth) {
        accept(open);
        m_json += '[';
        for (bool first = true; !accept(close); first = false) {
            if (!first && !accept(',')) return false;
            if (!first && accept(close)) break;  // Python ends a tuple of one with a comma
            if (!first) m_json += ',';
            if (!readValue(depth + 1)) return false;
        }
        m_json += ']';
        return true;
    }

    bool readPairs(int depth) {
        accept('{');
        m_json += '{';
        for (bool first = true; !accept('}'); first = false) {
            if (!first && !accept(',')) return false;
            if (!first) m_json += ',';
            if (!readKey() || !accept(':')) return false;
            m_json += ':';
            if (!readValue(depth + 1)) return false;
        }
        m_json += '}';
        return true;
    }

    bool readKey() {
        skipSpace();
        if (m_rest.starts_with('"') || m_rest.starts_with('\'')) return readText();
        m_json += '"';
        if (!readWord()) return false;
        m_json += '"';
        return true;
    }

    bool readText() {
        const char quote = m_rest.front();
        m_rest.remove_prefix(1);
        m_json += '"';
        while (!m_rest.empty() && m_rest.front() != quote) {
            const char c = m_rest.front();
            m_rest.remove_prefix(1);
            if (c == '\\') {
                if (!readEscape()) return false;
            } else if (static_cast<unsigned char>(c) < 0x20) {
                return false;
            } else {
                if (c == '"') m_json += '\\';
                m_json += c;
            }
        }
        m_json += '"';
        return accept(quote);
    }

    // After the backslash.
    bool readEscape() {
        if (m_rest.empty()) return false;
        const char c = m_rest.front();
        m_rest.remove_prefix(1);
        if (c == 'u') return readDigits("\\u", 4);
        if (c == 'x') return readDigits("\\u00", 2);
        if (c == '\'') return m_json += c, true;
        if (std::string_view("\\\"/bfnrt").find(c) == std::string_view::npos) return false;
        m_json += '\\';
        m_json += c;
        return true;
    }

    bool readDigits(std::string_view before, size_t count) {
        const std::string_view digits = m_rest.substr(0, count);
        const bool hex = digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
        if (digits.size() < count || !hex) return false;
        m_json.append(before).append(digits);
        m_rest.remove_prefix(count);
        return true;
    }

    bool readWord() {
        constexpr std::string_view kLetters = "+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        const std::string_view word = m_rest.substr(0, m_rest.find_first_not_of(kLetters));
        m_rest.remove_prefix(word.size());
        static constexpr std::array<std::array<std::string_view, 2>, 6> kWords{{{"None", "null"},
                                                                                {"null", "null"},
                                                                                {"True", "true"},
                                                                                {"true", "true"},
                                                                                {"False", "false"},
                                                                                {"false", "false"}}};
        for (const auto& [written, json] : kWords)
            if (word == written) return m_json += json, true;
        return writeNumber(word);
    }

    bool writeNumber(std::string_view word) {
        const size_t sign = word.starts_with('-') ? 1 : 0;
        const std::string_view digits = word.substr(sign);
        double value = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
        if (digits.empty() || error != std::errc() || end != word.data() + word.size()) return false;
        if (digits.front() < '0' || digits.front() > '9') return false;  // .5, inf, nan: not in JSON
        if (digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') return false;
        m_json += word;
        if (word.ends_with('.')) m_json += '0';
        return true;
    }

    std::string_view m_rest;
    std::string m_json;
};

}  // namespace

std::optional<std::string> literalJson(std::string_view text) {
    if (text.size() > kLongestLiteral || !isUtf8(text)) return std::nullopt;
    LiteralReader reader(text);
    if (!reader.readWhole()) return std::nullopt;
    return reader.take();
}

}  // namespace qat
