// Re-scans small parts of the text: yaml-cpp says where a value begins, not where it ends.
#include "config/yaml_span.h"

#include <algorithm>

namespace qat {
namespace {

constexpr size_t npos = std::string_view::npos;

}  // namespace

// Blanks, line breaks and comments; a # counts as a comment only after a blank or at the start of a line.
size_t YamlSpans::skipBlank(size_t offset, bool commasToo) const {
    while (offset < m_text.size()) {
        const char c = m_text[offset];
        const bool comment = c == '#' && (offset == 0 || std::string_view(" \t\n\r,").find(m_text[offset - 1]) != npos);
        if (comment)
            offset = lineEnd(offset);
        else if (std::string_view(" \t\n\r").find(c) != npos || (commasToo && (c == ',' || c == ':')))
            ++offset;
        else
            break;
    }
    return offset;
}

size_t YamlSpans::contentBegin(const YamlItem& item) const {
    size_t offset = item.offset;
    while (offset < m_text.size() && (m_text[offset] == '&' || m_text[offset] == '!'))
        offset = skipBlank(std::min(m_text.find_first_of(" \t\n\r,]}", offset), m_text.size()), false);
    return offset;
}

size_t YamlSpans::scalarEnd(size_t begin, const YamlNode& node) const {
    const char first = begin < m_text.size() ? m_text[begin] : '\0';
    if (first == '|' || first == '>') return blockScalarEnd(begin);
    if (first != '"' && first != '\'') return std::min(begin + node.text.size(), m_text.size());
    for (size_t i = begin + 1; i < m_text.size(); ++i) {
        if (first == '"' && m_text[i] == '\\')
            ++i;
        else if (m_text[i] != first)
            continue;
        else if (first == '\'' && i + 1 < m_text.size() && m_text[i + 1] == '\'')
            ++i;
        else
            return i + 1;
    }
    return m_text.size();
}

// All lines that are blank or further in than the line the block's indicator stands on.
size_t YamlSpans::blockScalarEnd(size_t begin) const {
    const size_t start = lineBegin(begin);
    const size_t indent = m_text.find_first_not_of(' ', start) - start;
    size_t end = lineEnd(begin);
    while (end < m_text.size()) {
        const size_t next = m_text.find('\n', end) + 1;
        if (next == 0 || next >= m_text.size()) break;
        const size_t nextEnd = lineEnd(next);
        const size_t content = m_text.find_first_not_of(' ', next);
        if (content != npos && content < nextEnd && content - next <= indent) break;
        end = nextEnd;
    }
    return end;
}

size_t YamlSpans::afterColon(const YamlItem& item) const {
    if (!item.key) return npos;
    const YamlItem key{nullptr, item.key, item.key->offset, false};
    const size_t end = item.key->isNull() ? key.offset : scalarEnd(contentBegin(key), *item.key);
    const size_t colon = skipBlank(end, false);
    return colon < m_text.size() && m_text[colon] == ':' ? colon + 1 : npos;
}

bool YamlSpans::isSpelledNull(const YamlItem& item) const {
    const std::string_view rest = m_text.substr(std::min(contentBegin(item), m_text.size()));
    const size_t colon = afterColon(item);
    if (item.key && (colon == npos || skipBlank(colon, false) != item.offset)) return false;
    for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
        const bool ends = rest.size() == word.size() ||
                          (rest.size() > word.size() && std::string_view(" \t\n\r,]}").find(rest[word.size()]) != npos);
        if (rest.starts_with(word) && ends) return true;
    }
    return false;
}

size_t YamlSpans::flowEnd(const YamlItem& item) const {
    const auto& children = item.node->items;
    const size_t inside = children.empty() ? contentBegin(item) + 1 : valueEnd(children.back());
    return std::min(skipBlank(inside, true) + 1, m_text.size());
}

size_t YamlSpans::valueEnd(const YamlItem& item) const {
    if (item.alias) return std::min(m_text.find_first_of(" \t\n\r,]}", item.offset), m_text.size());
    const YamlNode& node = *item.node;
    if (node.isScalar()) return scalarEnd(contentBegin(item), node);
    if (node.isNull()) {
        if (isSpelledNull(item)) return std::min(m_text.find_first_of(" \t\n\r,]}", contentBegin(item)), m_text.size());
        const size_t colon = afterColon(item);
        if (colon != npos) return colon;
        if (!item.key) return item.offset;
        return scalarEnd(item.key->offset, *item.key);
    }
    if (node.flow) return flowEnd(item);
    return node.items.empty() ? item.offset : valueEnd(node.items.back());
}

size_t YamlSpans::lineBegin(size_t offset) const {
    if (offset == 0) return 0;
    const size_t lineBreak = m_text.rfind('\n', offset - 1);
    return lineBreak == npos ? 0 : lineBreak + 1;
}

size_t YamlSpans::lineEnd(size_t offset) const {
    const size_t lineBreak = m_text.find('\n', offset);
    if (lineBreak == npos) return m_text.size();
    return lineBreak > offset && m_text[lineBreak - 1] == '\r' ? lineBreak - 1 : lineBreak;
}

bool YamlSpans::startsLine(size_t offset) const {
    const size_t content = m_text.find_first_not_of(' ', lineBegin(offset));
    return content != npos && content >= offset;
}

}  // namespace qat
