// Changes single values by replacing as few bytes as possible; whole lines where keys come or go.
#include "config/edit_text.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "config/slot.h"

namespace qat {
namespace {

constexpr size_t npos = std::string_view::npos;

struct Change {
    size_t begin, end;
    std::string replacement;
};

std::string applied(std::string_view text, std::vector<Change> changes) {
    std::stable_sort(changes.begin(), changes.end(),
                     [](const Change& a, const Change& b) { return a.begin < b.begin; });
    std::string result;
    size_t done = 0;
    for (const Change& change : changes) {
        require(change.begin >= done && change.end >= change.begin && change.end <= text.size(), ErrorKind::BadInput,
                "the text is written in a way that cannot be edited value by value");
        result += text.substr(done, change.begin - done);
        result += change.replacement;
        done = change.end;
    }
    return result.append(text.substr(done));
}

// Columns by which the file indents a section below its key.
size_t indentStep(const YamlSpans& spans, const YamlItem& item) {
    if (item.alias || item.node->flow) return 0;
    for (const YamlItem& child : item.node->items) {
        if (child.key && child.node->isMap() && !child.alias && !child.node->flow && !child.node->items.empty()) {
            const size_t outer = spans.column(child.key->offset);
            const size_t inner = spans.column(child.node->items.front().key->offset);
            if (inner > outer) return inner - outer;
        }
        if (const size_t found = indentStep(spans, child)) return found;
    }
    return 0;
}

class TextEditor {
public:
    TextEditor(std::string_view text, const YamlItem& root, const std::vector<PathStep>& steps)
        : m_text(text), m_spans(text), m_root(root), m_steps(steps) {
        m_newline = text.find("\r\n") != npos ? "\r\n" : "\n";
        const size_t step = indentStep(m_spans, root);
        m_step = step > 0 ? step : 2;
    }

    std::string set(const NewValue& value, const KeyOrder& order) {
        m_value = &value;
        const YamlItem* item = &m_root;
        const YamlItem* parent = nullptr;
        for (size_t i = 0; i < m_steps.size(); ++i) {
            refuseAlias(*item, i);
            const YamlItem* next = child(*item, m_steps[i]);
            if (!next) {
                add(*item, parent, i, order);
                return applied(m_text, m_changes);
            }
            parent = item;
            item = next;
        }
        refuseAlias(*item, m_steps.size());
        replace(*item);
        return applied(m_text, m_changes);
    }

    std::string remove() {
        const YamlItem* parent = nullptr;
        const YamlItem* item = &m_root;
        for (size_t i = 0; i < m_steps.size(); ++i) {
            refuseAlias(*item, i);
            parent = item;
            item = child(*item, m_steps[i]);
            if (!item) return std::string(m_text);
        }
        if (parent) erase(*parent, *item);
        return applied(m_text, m_changes);
    }

    static const YamlItem* child(const YamlItem& item, const PathStep& step) {
        const auto& items = item.node->items;
        if (step.isIndex) return item.node->isSequence() && step.index < items.size() ? &items[step.index] : nullptr;
        if (!item.node->isMap()) return nullptr;
        const auto found = std::find_if(items.begin(), items.end(),
                                        [&](const YamlItem& entry) { return entry.key->text == step.key; });
        return found == items.end() ? nullptr : &*found;
    }

private:
    std::string pathTo(size_t count) const {
        std::string path;
        for (size_t i = 0; i < count; ++i) {
            if (m_steps[i].isIndex)
                path += str("[", m_steps[i].index, "]");
            else
                path += (path.empty() ? "" : ".") + m_steps[i].key;
        }
        return path;
    }
    void refuseAlias(const YamlItem& item, size_t count) const {
        require(!item.alias, ErrorKind::BadInput, pathTo(count),
                " is an alias; changing it would change its anchor, so write it out first");
    }
    void change(size_t begin, size_t end, std::string replacement) {
        m_changes.push_back({begin, end, std::move(replacement)});
    }

    // `like`: the first character of the scalar whose way of quoting is kept, 0 if there is none.
    std::string scalar(const std::string& part, char like) const {
        const bool printable = std::all_of(part.begin(), part.end(),
                                           [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
        if (m_value->isText && like == '\'' && printable) {
            std::string result = "'";
            for (const char c : part) result += c == '\'' ? "''" : std::string(1, c);
            return result + "'";
        }
        const bool wantsQuotes = m_value->isText && (like == '"' || like == 0);
        return !wantsQuotes && plainIsSafe(part) ? part : inYamlQuotes(part);
    }
    char styleOf(const YamlItem& item) const {
        const size_t begin = m_spans.contentBegin(item);
        return begin < m_text.size() ? m_text[begin] : 'x';
    }
    // The whole value in one line. For an empty value "".
    std::string inlineValue(char like) const {
        if (!m_value->isList) return m_value->parts.empty() ? "" : scalar(m_value->parts.front(), like);
        std::string text = "[";
        for (const std::string& part : m_value->parts) text += (text.size() > 1 ? ", " : "") + scalar(part, like);
        return text + "]";
    }

    void replace(const YamlItem& item) {
        const YamlNode& node = *item.node;
        if (node.isNull())
            fill(item, inlineValue(0));
        else if (node.isSequence() && m_value->isList)
            replaceList(item);
        else if (node.isScalar())
            replaceScalar(item);
        else if (node.flow)
            change(m_spans.contentBegin(item), m_spans.valueEnd(item), inlineValue(0));
        else
            fail(ErrorKind::BadInput, pathTo(m_steps.size()),
                 " holds a section or list; remove it before giving it a single value");
    }
    void replaceScalar(const YamlItem& item) {
        const char style = styleOf(item);
        require(style != '|' && style != '>', ErrorKind::BadInput, pathTo(m_steps.size()),
                " is written as a block of text; change it by hand");
        change(m_spans.contentBegin(item), m_spans.valueEnd(item), inlineValue(m_value->isList ? 0 : style));
    }
    // Gives an empty key a value.
    void fill(const YamlItem& item, const std::string& value) {
        if (value.empty()) return;
        const size_t end = m_spans.valueEnd(item);
        if (m_spans.isSpelledNull(item))
            change(m_spans.contentBegin(item), end, value);
        else
            change(end, end, (m_spans.afterColon(item) == npos ? ": " : " ") + value);
    }
    void replaceList(const YamlItem& list) {
        const auto& items = list.node->items;
        const auto& parts = m_value->parts;
        const bool allPlain = std::all_of(items.begin(), items.end(),
                                          [](const YamlItem& item) { return item.node->isScalar() && !item.alias; });
        const char like = items.empty() || !allPlain ? '\0' : styleOf(items.front());
        const size_t shared = std::min(items.size(), parts.size());
        if (list.node->flow && (!allPlain || items.size() != parts.size())) {
            change(m_spans.contentBegin(list), m_spans.flowEnd(list), inlineValue(like));
            return;
        }
        require(allPlain, ErrorKind::BadInput, pathTo(m_steps.size()), " is a list of more than plain values");
        for (size_t i = 0; i < shared && !parts.empty(); ++i)
            if (items[i].node->text != parts[i])
                change(m_spans.contentBegin(items[i]), m_spans.valueEnd(items[i]), scalar(parts[i], styleOf(items[i])));
        for (size_t i = shared; i < items.size(); ++i) eraseLines(items[i].offset, m_spans.valueEnd(items[i]));
        if (parts.empty()) change(m_spans.afterColon(list), m_spans.afterColon(list), " []");
        const std::string dash = m_newline + std::string(m_spans.column(list.offset), ' ') + "- ";
        std::string more;
        for (size_t i = shared; i < parts.size(); ++i) more += dash + scalar(parts[i], like);
        const size_t end = m_spans.lineEnd(m_spans.valueEnd(items.back()));
        if (!more.empty()) change(end, end, more);
    }

    // New lines, indented relative to where they go, for the steps from `i` on.
    std::vector<std::string> newLines(size_t i) const {
        if (i == m_steps.size()) return {inlineValue(0)};
        const PathStep& step = m_steps[i];
        std::vector<std::string> below = newLines(i + 1);
        if (!step.isIndex && i + 1 == m_steps.size())
            return {step.key + (below.front().empty() ? ":" : ": " + below.front())};
        std::vector<std::string> lines;
        if (!step.isIndex) lines.push_back(step.key + ":");
        for (const std::string& line : below) {
            const bool first = &line == &below.front();
            lines.push_back((step.isIndex ? (first ? "- " : "  ") : std::string(m_step, ' ')) + line);
        }
        return lines;
    }
    std::string block(size_t from, size_t column) const {
        std::string text;
        for (const std::string& line : newLines(from)) text += m_newline + std::string(column, ' ') + line;
        return text;
    }
    std::string flowEntry(size_t from) const {
        return m_steps[from].isIndex ? flowValue(from + 1) : m_steps[from].key + ": " + flowValue(from + 1);
    }
    std::string flowValue(size_t from) const {
        if (from == m_steps.size()) return inlineValue(0);
        return m_steps[from].isIndex ? "[" + flowEntry(from) + "]" : "{" + flowEntry(from) + "}";
    }

    // The steps from `i` on are missing in `item`.
    void add(const YamlItem& item, const YamlItem* parent, size_t i, const KeyOrder& order) {
        const YamlNode& node = *item.node;
        if (node.isNull()) {
            addToEmpty(item, parent, i);
            return;
        }
        const bool fits =
            m_steps[i].isIndex ? node.isSequence() && m_steps[i].index == node.items.size() : node.isMap();
        require(fits, ErrorKind::BadInput, i == 0 ? "the file" : pathTo(i),
                m_steps[i].isIndex ? " has no such entry" : " is not a section");
        if (node.items.empty()) {  // only {} and [] are empty without being null
            const size_t inside = m_spans.contentBegin(item) + 1;
            change(inside, inside, flowEntry(i));
            return;
        }
        const YamlItem& before = m_steps[i].isIndex ? node.items.back() : predecessor(node, i, order);
        const size_t end = m_spans.valueEnd(before);
        if (node.flow) {
            change(end, end, ", " + flowEntry(i));
        } else {
            const size_t column = m_spans.column(m_steps[i].isIndex ? item.offset : node.items.front().key->offset);
            change(m_spans.lineEnd(end), m_spans.lineEnd(end), block(i, column));
        }
    }
    void addToEmpty(const YamlItem& item, const YamlItem* parent, size_t i) {
        if (!parent) {
            const bool endsLine = m_text.empty() || m_text.back() == '\n';
            const std::string lines = block(i, 0);
            change(m_text.size(), m_text.size(), (endsLine ? lines.substr(m_newline.size()) : lines) + m_newline);
        } else if (parent->node->flow || m_spans.isSpelledNull(item)) {
            fill(item, flowValue(i));
        } else {
            require(item.key != nullptr, ErrorKind::BadInput, pathTo(i), " is empty; write its first key by hand");
            const size_t end = m_spans.lineEnd(m_spans.valueEnd(item));
            change(end, end, block(i, m_spans.column(item.key->offset) + m_step));
        }
    }
    // The entry after which the key of step `i` belongs: the nearest one before it in the guide, or else the last.
    const YamlItem& predecessor(const YamlNode& map, size_t i, const KeyOrder& order) const {
        const std::vector<std::string> names = order(pathTo(i));
        const auto own = std::find(names.begin(), names.end(), m_steps[i].key);
        for (auto name = std::make_reverse_iterator(own); name != names.rend(); ++name)
            for (const YamlItem& entry : map.items)
                if (entry.key->text == *name) return entry;
        return map.items.back();
    }

    // Whole lines from that of `begin` to that of `end`, with their last line break.
    void eraseLines(size_t begin, size_t end) {
        const size_t lineBreak = m_text.find('\n', m_spans.lineEnd(end));
        change(m_spans.lineBegin(begin), lineBreak == npos ? m_text.size() : lineBreak + 1, "");
    }
    void erase(const YamlItem& parent, const YamlItem& item) {
        const auto& items = parent.node->items;
        const size_t position = static_cast<size_t>(&item - items.data());
        const size_t begin = item.key ? item.key->offset : item.offset;
        const auto beginOf = [&](size_t i) { return items[i].key ? items[i].key->offset : items[i].offset; };
        if (parent.node->flow) {
            if (position + 1 < items.size())
                change(begin, beginOf(position + 1), "");
            else if (position > 0)
                change(m_spans.valueEnd(items[position - 1]), m_spans.valueEnd(item), "");
            else
                change(begin, m_spans.valueEnd(item), "");
        } else if (!item.key || m_spans.startsLine(begin)) {
            eraseLines(begin, m_spans.valueEnd(item));
        } else {  // after the dash of a list entry
            require(position + 1 < items.size(), ErrorKind::BadInput, pathTo(m_steps.size()),
                    " is the only key of its entry; remove the entry");
            change(begin, beginOf(position + 1), "");
        }
    }

    std::string_view m_text;
    YamlSpans m_spans;
    const YamlItem& m_root;
    const std::vector<PathStep>& m_steps;
    const NewValue* m_value = nullptr;
    std::string m_newline;
    size_t m_step = 2;
    std::vector<Change> m_changes;
};

}  // namespace

std::vector<PathStep> parsePath(std::string_view path) {
    std::vector<PathStep> steps;
    while (!path.empty()) {
        if (path.front() == '[') {
            PathStep step;
            step.isIndex = true;
            const auto end = std::from_chars(path.data() + 1, path.data() + path.size(), step.index);
            if (end.ec != std::errc() || end.ptr == path.data() + path.size() || *end.ptr != ']') return {};
            steps.push_back(step);
            path.remove_prefix(static_cast<size_t>(end.ptr - path.data()) + 1);
            continue;
        }
        if (!steps.empty()) {
            if (path.front() != '.') return {};
            path.remove_prefix(1);
        }
        const size_t end = std::min(path.find_first_of(".["), path.size());
        if (end == 0) return {};
        steps.push_back({std::string(path.substr(0, end)), 0, false});
        path.remove_prefix(end);
    }
    return steps;
}

const YamlItem* findItem(const YamlItem& root, const std::vector<PathStep>& steps) {
    const YamlItem* item = &root;
    for (const PathStep& step : steps) {
        item = TextEditor::child(*item, step);
        if (!item) return nullptr;
    }
    return item;
}

std::string withValue(std::string_view text, const YamlItem& root, const std::vector<PathStep>& steps,
                      const NewValue& value, const KeyOrder& order) {
    return TextEditor(text, root, steps).set(value, order);
}

std::string withoutValue(std::string_view text, const YamlItem& root, const std::vector<PathStep>& steps) {
    return TextEditor(text, root, steps).remove();
}

}  // namespace qat
