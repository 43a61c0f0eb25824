// Builds the located tree from the events of yaml-cpp, after checking what its scanner takes for granted.
#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>
#include <atomic>

#include <algorithm>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"

namespace qat {
namespace {

// The scanner replaces bad bytes, which would shift every later offset, and takes 0x04 for the end of the text.
std::optional<YamlFailure> characterFailure(std::string_view text) {
    for (size_t i = 0; i < text.size();) {
        const unsigned char c = static_cast<unsigned char>(text[i]);
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
            return YamlFailure{i, str("holds the control character ", static_cast<int>(c))};
        const size_t length = utf8Length(text, i);
        if (length == 0) return YamlFailure{i, "is not UTF-8"};
        i += length;
    }
    return std::nullopt;
}

// Configurations in manuals leave parts out with an indented "..."; blanking it keeps every offset.
void blankElisions(std::string& text, std::vector<size_t>& places) {
    for (size_t found = text.find("..."); found != std::string::npos; found = text.find("...", found + 3)) {
        const size_t lineStart = text.find_last_of('\n', found) + 1;  // npos + 1 is 0, the first line
        const size_t before = text.find_first_not_of(' ', lineStart);
        const size_t after = text.find_first_not_of(" \t\r", found + 3);
        if (before != found || found == lineStart || (after != std::string::npos && text[after] != '\n')) continue;
        text.replace(found, 3, "   ");
        places.push_back(found);
    }
}

class TreeBuilder final : public YAML::EventHandler {
public:
    std::shared_ptr<YamlNode> root;
    size_t start = 0;

    TreeBuilder(size_t size, size_t base) : m_size(size), m_base(base) {}

    // The scanner counts from the text it was given; a mark may lie after the end.
    size_t offsetOf(const YAML::Mark& mark) const {
        return m_base + std::min(m_size, static_cast<size_t>(std::max(mark.pos, 0)));
    }

    void OnDocumentStart(const YAML::Mark& mark) override { start = offsetOf(mark); }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        attach(make(YamlNode::Kind::Null, mark, anchor), offsetOf(mark), false);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        auto node = make(YamlNode::Kind::Scalar, mark, anchor);
        node->text = value;
        node->quoted = tag == "!";
        attach(node, node->offset, false);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = m_anchors.find(anchor);
        if (found == m_anchors.end() || isOpen(found->second.get()))
            throw YamlFailure{offsetOf(mark), "holds an alias to a value that is not complete there"};
        attach(found->second, offsetOf(mark), true);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value style) override {
        open(YamlNode::Kind::Sequence, mark, anchor, style);
    }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value style) override {
        open(YamlNode::Kind::Map, mark, anchor, style);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

private:
    struct Frame {
        std::shared_ptr<YamlNode> node;
        std::shared_ptr<const YamlNode> key;  // waiting for its value
    };

    bool isOpen(const YamlNode* node) const {
        return std::any_of(m_open.begin(), m_open.end(), [&](const Frame& frame) { return frame.node.get() == node; });
    }
    std::shared_ptr<YamlNode> make(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
        auto node = std::make_shared<YamlNode>();
        node->kind = kind;
        node->offset = offsetOf(mark);
        if (++m_made > kMaxYamlValues) throw tooMany(node->offset);
        if (anchor != YAML::NullAnchor) m_anchors[anchor] = node;
        return node;
    }
    static YamlFailure tooMany(size_t offset) { return {offset, str("holds more than ", kMaxYamlValues, " values")}; }
    void open(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
        auto node = make(kind, mark, anchor);
        node->flow = style == YAML::EmitterStyle::Flow;
        if (m_open.size() >= kMaxYamlDepth)
            throw YamlFailure{node->offset, str("is nested deeper than ", kMaxYamlDepth, " levels")};
        m_open.push_back({node, nullptr});
    }
    void close() {
        const auto node = m_open.back().node;
        m_open.pop_back();
        attach(node, node->offset, false);
    }
    void attach(const std::shared_ptr<YamlNode>& node, size_t offset, bool alias) {
        if (m_open.empty()) {
            root = node;
            return;
        }
        Frame& frame = m_open.back();
        if (frame.node->isMap() && !frame.key) {
            if (!node->isScalar() && !node->isNull())
                throw YamlFailure{offset, "holds a list or section where a key must stand"};
            frame.key = node;
            return;
        }
        frame.node->items.push_back({std::move(frame.key), node, offset, alias});
        frame.key = nullptr;
        frame.node->weight += node->weight;
        if (frame.node->weight > kMaxYamlValues) throw tooMany(offset);
    }

    size_t m_size, m_base;
    std::vector<Frame> m_open;
    std::unordered_map<YAML::anchor_t, std::shared_ptr<YamlNode>> m_anchors;
    size_t m_made = 0;
};

// Empty documents are let pass. A token that fits nowhere, such as a stray bracket, is an empty document to the parser
// and stays before it for ever.
void refuseFurtherDocuments(YAML::Parser& parser, size_t size, size_t base, size_t lastStart) {
    for (;;) {
        TreeBuilder next(size, base);
        if (!parser.HandleNextDocument(next)) return;
        if (next.root && !next.root->isNull())
            throw YamlFailure{next.root->offset, "holds a second YAML document, which is not read"};
        if (next.start <= lastStart) throw YamlFailure{next.start, "is not YAML (nothing can stand here)"};
        lastStart = next.start;
    }
}

// `base`: bytes of the text before the part that is parsed.
void runParser(const std::string& text, size_t base, YamlDocument& document) {
    std::istringstream stream(text);
    TreeBuilder builder(text.size(), base);
    try {
        YAML::Parser parser(stream);
        parser.HandleNextDocument(builder);
        refuseFurtherDocuments(parser, text.size(), base, builder.start);
    } catch (const YamlFailure& failure) {
        document.failures.push_back(failure);
    } catch (const YAML::Exception& error) {
        document.failures.push_back({builder.offsetOf(error.mark), "is not YAML (" + error.msg + ")"});
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& error) {
        document.failures.push_back({base, str("cannot be parsed (", error.what(), ")")});
    }
    if (builder.root) document.root = {nullptr, builder.root, builder.root->offset, false};
}

std::atomic<size_t> parsedTexts = 0;

}  // namespace

YamlDocument parseYaml(std::string_view text) {
    ++parsedTexts;
    YamlDocument document;
    document.root.node = std::make_shared<YamlNode>();
    if (text.size() > kMaxConfigBytes) {
        document.failures.push_back({0, str("is larger than ", kMaxConfigBytes >> 20, " MB")});
        return document;
    }
    const size_t base = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    if (const auto failure = characterFailure(text)) {
        document.failures.push_back(*failure);
        return document;
    }
    std::string body(text.substr(base));
    blankElisions(body, document.elisions);
    for (size_t& place : document.elisions) place += base;
    runParser(body, base, document);
    return document;
}

size_t parsedYamlTexts() {
    return parsedTexts;
}

TextPlaces::TextPlaces(std::string_view text) : m_text(text), m_lineStarts{0} {
    for (size_t i = 0; i < text.size(); ++i)
        if (text[i] == '\n') m_lineStarts.push_back(i + 1);
}

TextPlace TextPlaces::at(size_t offset) const {
    offset = std::min(offset, m_text.size());
    const auto after = std::upper_bound(m_lineStarts.begin(), m_lineStarts.end(), offset);
    const size_t start = *(after - 1);
    const bool marked = start == 0 && m_text.starts_with(kByteOrderMark) && offset >= kByteOrderMark.size();
    int column = marked ? 0 : 1;  // the mark is no character of the line
    for (size_t i = start; i < offset; ++i) column += (static_cast<unsigned char>(m_text[i]) & 0xC0) != 0x80;
    return {static_cast<int>(after - m_lineStarts.begin()), column};
}

}  // namespace qat
