// Checking, converting and quoting text.
#include "base/text.h"

#include <algorithm>
#include <cstdint>

#include "base/error.h"

namespace qat {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

void append(std::string& text, uint32_t code) {
    const auto tail = [&](int shift) { text += static_cast<char>(0x80 | (code >> shift & 0x3F)); };
    if (code < 0x80) {
        text += static_cast<char>(code);
    } else if (code < 0x800) {
        text += static_cast<char>(0xC0 | code >> 6), tail(0);
    } else if (code < 0x10000) {
        text += static_cast<char>(0xE0 | code >> 12), tail(6), tail(0);
    } else {
        text += static_cast<char>(0xF0 | code >> 18), tail(12), tail(6), tail(0);
    }
}

// How UTF-16 shows itself: by its mark, or by a first character that takes one byte and leaves the other zero.
enum class Encoding { Bytes, Utf16Little, Utf16Big };

Encoding encodingOf(std::string_view bytes) {
    if (bytes.size() < 2) return Encoding::Bytes;
    const auto first = static_cast<uint8_t>(bytes[0]), second = static_cast<uint8_t>(bytes[1]);
    if ((first == 0xFF && second == 0xFE) || (first != 0 && second == 0)) return Encoding::Utf16Little;
    if ((first == 0xFE && second == 0xFF) || (first == 0 && second != 0)) return Encoding::Utf16Big;
    return Encoding::Bytes;
}

// UTF-8 of UTF-16 text without its mark. What is no UTF-16, half a pair or half a unit, becomes a byte that no UTF-8
// holds, so that the check which follows finds its line.
std::string fromUtf16(std::string_view bytes, bool bigEndian) {
    const auto unit = [&](size_t at) -> uint32_t {
        const auto low = static_cast<uint8_t>(bytes[at + (bigEndian ? 1 : 0)]);
        const auto high = static_cast<uint8_t>(bytes[at + (bigEndian ? 0 : 1)]);
        return static_cast<uint32_t>(high << 8 | low);
    };
    std::string text;
    text.reserve(bytes.size());
    for (size_t at = bytes.size() >= 2 && unit(0) == 0xFEFF ? 2 : 0; at < bytes.size(); at += 2) {
        uint32_t code = at + 1 < bytes.size() ? unit(at) : 0xDC00;
        const bool pair = code >= 0xD800 && code < 0xDC00 && at + 3 < bytes.size() && (unit(at + 2) & 0xFC00) == 0xDC00;
        if (pair) code = 0x10000 + ((code & 0x3FF) << 10) + (unit(at += 2) & 0x3FF);
        if (code >= 0xD800 && code < 0xE000)
            text += '\xFF';
        else
            append(text, code);
    }
    return text;
}

}  // namespace

size_t utf8Length(std::string_view text, size_t at) {
    const auto byte = [&](size_t i) { return at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : 0u; };
    if (at >= text.size()) return 0;
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    const size_t length = lead < 0xC2 || lead > 0xF4 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    for (size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xC0) != 0x80) return 0;
    const unsigned second = byte(1);
    const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool noCharacter = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
    return overlong || noCharacter ? 0 : length;
}

bool isUtf8(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
        const size_t length = utf8Length(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::string withUtf8Only(std::string_view text) {
    std::string out;
    for (size_t at = 0; at < text.size();) {
        const size_t length = utf8Length(text, at);
        out += length > 0 ? text.substr(at, length) : kReplacement;
        at += std::max<size_t>(length, 1);
    }
    return out;
}

std::string utf8Text(const fs::path& file, std::string bytes) {
    if (const Encoding encoding = encodingOf(bytes); encoding != Encoding::Bytes)
        bytes = fromUtf16(bytes, encoding == Encoding::Utf16Big);
    size_t line = 1;
    for (size_t at = 0; at < bytes.size();) {
        const size_t length = utf8Length(bytes, at);
        require(length > 0 && bytes[at] != '\0', ErrorKind::BadInput, file.string(), ":", line,
                ": this line is not UTF-8 text, save the file as UTF-8");
        line += bytes[at] == '\n';
        at += length;
    }
    return bytes;
}

std::string readTextFile(const fs::path& file, uintmax_t maxBytes) {
    return utf8Text(file, readFile(file, maxBytes));
}

TextLines::TextLines(std::string_view text) : m_rest(text) {
    if (m_rest.starts_with(kByteOrderMark)) m_rest.remove_prefix(kByteOrderMark.size());
}

bool TextLines::next(std::string_view& line) {
    if (m_rest.empty()) return false;
    const size_t length = std::min(m_rest.find('\n'), m_rest.size());
    line = m_rest.substr(0, length);
    if (line.ends_with('\r')) line.remove_suffix(1);
    m_rest.remove_prefix(std::min(length + 1, m_rest.size()));
    ++m_number;
    return true;
}

std::string inQuotes(std::string_view text) {
    constexpr size_t kLongest = 100;
    std::string shown(text.substr(0, kLongest));
    std::replace_if(
        shown.begin(), shown.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    if (text.size() > kLongest) shown += "...";
    return '"' + shown + '"';
}

}  // namespace qat
