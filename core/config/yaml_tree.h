// A YAML text as a tree that remembers where every value stands, with limits that hold for hostile texts.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace qat {

struct YamlNode;

// A child of a map or sequence. An alias shares the node of its anchor but has its own place.
struct YamlItem {
    std::shared_ptr<const YamlNode> key;  // empty in sequences
    std::shared_ptr<const YamlNode> node;
    size_t offset = 0;  // byte in the text; an empty value has the place of what follows it
    bool alias = false;
};

struct YamlNode {
    enum class Kind { Null, Scalar, Sequence, Map };
    Kind kind = Kind::Null;
    size_t offset = 0;            // byte in the text, of anchor and tag if there are any
    std::string text;             // of a scalar, unquoted
    bool quoted = false;          // scalar in quotes or as a block
    bool flow = false;            // collection in brackets
    std::vector<YamlItem> items;  // of a collection
    size_t weight = 1;            // values below and including this one, aliases expanded

    bool isMap() const { return kind == Kind::Map; }
    bool isSequence() const { return kind == Kind::Sequence; }
    bool isScalar() const { return kind == Kind::Scalar; }
    bool isNull() const { return kind == Kind::Null; }
};

// Why a text is not readable, and where.
struct YamlFailure {
    size_t offset = 0;
    std::string message;  // part of a sentence
};

struct YamlDocument {
    YamlItem root;                      // node is never empty
    std::vector<YamlFailure> failures;  // empty = the tree is complete
    std::vector<size_t> elisions;       // places of indented "..." lines, which are read as blank
};

inline constexpr size_t kMaxConfigBytes = size_t{4} << 20;
inline constexpr size_t kMaxYamlValues = 200'000;
inline constexpr size_t kMaxYamlDepth = 64;

// Parses the one document of a UTF-8 text. Never throws on bad text: refuses texts over kMaxConfigBytes, trees over
// kMaxYamlValues or kMaxYamlDepth (aliases counted as often as they are used), control characters, collections as
// keys, and a second document.
YamlDocument parseYaml(std::string_view text);

// How many texts this process has parsed so far: what one action costs is the difference.
size_t parsedYamlTexts();

// Line and column, 1-based, columns in characters.
struct TextPlace {
    int line = 0, column = 0;
};

// Turns byte offsets of one text into places. Keeps a view of the text.
class TextPlaces {
public:
    explicit TextPlaces(std::string_view text);
    TextPlace at(size_t offset) const;

private:
    std::string_view m_text;
    std::vector<size_t> m_lineStarts;
};

}  // namespace qat
