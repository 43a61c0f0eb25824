// Where the values of a YAML tree begin and end in their text.
#pragma once

#include <cstddef>
#include <string_view>

#include "config/yaml_tree.h"

namespace qat {

// Looks at one text and the tree parsed from it. Offsets are bytes. What is written in a way that has no plain
// extent (explicit keys, folded plain scalars) gives a best guess: whoever edits by these must read the result back.
class YamlSpans {
public:
    explicit YamlSpans(std::string_view text) : m_text(text) {}

    // After anchor and tag.
    size_t contentBegin(const YamlItem& item) const;
    // After the last character of the value; for an empty value after its colon or dash.
    size_t valueEnd(const YamlItem& item) const;
    // After the key's colon, npos if there is none.
    size_t afterColon(const YamlItem& item) const;
    // An empty value that is spelled out: ~ or null.
    bool isSpelledNull(const YamlItem& item) const;
    // After the closing bracket of a flow collection.
    size_t flowEnd(const YamlItem& item) const;
    // First byte of the line, and the byte of its line break or the end of the text. A CR before the LF belongs to the
    // break.
    size_t lineBegin(size_t offset) const;
    size_t lineEnd(size_t offset) const;
    // Bytes from the start of the line.
    size_t column(size_t offset) const { return offset - lineBegin(offset); }
    // Whether only blanks stand between the start of the line and the offset.
    bool startsLine(size_t offset) const;

private:
    size_t scalarEnd(size_t begin, const YamlNode& node) const;
    size_t blockScalarEnd(size_t begin) const;
    size_t skipBlank(size_t offset, bool commasToo) const;

    std::string_view m_text;
};

}  // namespace qat
