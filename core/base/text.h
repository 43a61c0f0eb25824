// Text: what comes from files is turned into UTF-8 at the door, and made fit for sentences and JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace qat {

inline std::string joinedWords(const std::vector<std::string>& words, std::string_view between) {
    std::string text;
    for (size_t i = 0; i < words.size(); ++i) (text += i > 0 ? between : "") += words[i];
    return text;
}

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // of UTF-8

// Bytes of the well-formed UTF-8 character at `at`, 1 to 4; 0 where there is none: overlong forms, surrogates, values
// above U+10FFFF, the end of the text.
size_t utf8Length(std::string_view text, size_t at);

// Whether all of the text is well-formed UTF-8.
bool isUtf8(std::string_view text);

// The text with U+FFFD in place of every byte that is not UTF-8.
std::string withUtf8Only(std::string_view text);

// What a file's bytes say, as UTF-8: UTF-8 as it is, with its byte order mark if it has one; UTF-16 converted, with or
// without a mark. Throws Error{BadInput} naming file and line for everything else, zero bytes included.
std::string utf8Text(const fs::path& file, std::string bytes);

// A whole file as text. Throws Error{BadInput} like utf8Text, and for what is no regular file or larger than maxBytes,
// which is known before anything is read; Error{Io} naming the file and the system's reason.
std::string readTextFile(const fs::path& file, uintmax_t maxBytes);

// The lines of a text without a byte order mark and line ends, one at a time.
class TextLines {
public:
    explicit TextLines(std::string_view text);
    // False at the end of the text.
    bool next(std::string_view& line);
    int number() const { return m_number; }  // of the last line, from 1

private:
    std::string_view m_rest;
    int m_number = 0;
};

// The text in quotes, cut to 100 bytes, with everything but printable ASCII shown as '?'.
std::string inQuotes(std::string_view text);

// JSON as text. Paths may hold any bytes: what is not UTF-8 becomes U+FFFD.
template <class Json>
std::string jsonText(const Json& json, int indent = -1) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace qat
