// The located tree: offsets, styles and limits.
#include <gtest/gtest.h>

#include "config/yaml_span.h"
#include "config/yaml_tree.h"

namespace qat {
namespace {

TEST(YamlTree, OffsetsAreBytesOfTheText) {
    for (const std::string mark : {"", "\xEF\xBB\xBF"}) {
        const std::string text = mark + "a: \"\xC3\xA9\"\r\nb:\r\n  - 'x''y'\r\n  - {c: [1, 2]}\r\n";
        const YamlDocument document = parseYaml(text);
        ASSERT_TRUE(document.failures.empty());
        const YamlNode& root = *document.root.node;
        ASSERT_EQ(root.items.size(), 2u);
        EXPECT_EQ(text.substr(root.items[0].offset, 4), "\"\xC3\xA9\"");
        const YamlNode& list = *root.items[1].node;
        EXPECT_EQ(list.items[0].node->text, "x'y");
        EXPECT_TRUE(list.items[0].node->quoted);
        EXPECT_EQ(text.substr(list.items[0].offset, 6), "'x''y'");
        const YamlSpans spans(text);
        EXPECT_EQ(text.substr(spans.valueEnd(list.items[0])).substr(0, 2), "\r\n");
        EXPECT_EQ(text.substr(list.items[1].offset, spans.valueEnd(list.items[1]) - list.items[1].offset),
                  "{c: [1, 2]}");
    }
}

TEST(YamlTree, ElisionsAreBlankOnlyOnLinesOfTheirOwn) {
    const YamlDocument document = parseYaml("a:\n  ...\n  b: \"...\"\n  c: x ... y\n");
    ASSERT_TRUE(document.failures.empty());
    ASSERT_EQ(document.elisions, (std::vector<size_t>{5}));
    const YamlNode& section = *document.root.node->items[0].node;
    ASSERT_EQ(section.items.size(), 2u);
    EXPECT_EQ(section.items[0].node->text, "...");
    EXPECT_EQ(section.items[1].node->text, "x ... y");
}

TEST(YamlTree, AliasesShareTheirNodeAndCount) {
    const YamlDocument document = parseYaml("a: &x [1, 2]\nb: [*x, *x]\n");
    ASSERT_TRUE(document.failures.empty());
    const YamlItem& b = document.root.node->items[1];
    EXPECT_TRUE(b.node->items[0].alias);
    EXPECT_EQ(b.node->items[0].node, document.root.node->items[0].node);
    EXPECT_EQ(b.node->weight, 7u);
}

TEST(YamlTree, EndsOfScalarsInEveryStyle) {
    const std::string text = "a: plain text # c\nb: |\n  one\n  two\nc: !!str &z 8\nd:\ne: ~\n";
    const YamlDocument document = parseYaml(text);
    ASSERT_TRUE(document.failures.empty());
    const auto& items = document.root.node->items;
    const YamlSpans spans(text);
    const auto until = [&](size_t i) { return text.substr(0, spans.valueEnd(items[i])); };
    EXPECT_TRUE(until(0).ends_with("plain text"));
    EXPECT_TRUE(until(1).ends_with("two"));
    EXPECT_TRUE(until(2).ends_with("&z 8"));
    EXPECT_EQ(spans.contentBegin(items[2]), text.find('8'));
    EXPECT_TRUE(until(3).ends_with("d:"));
    EXPECT_TRUE(until(4).ends_with("~"));
    EXPECT_TRUE(spans.isSpelledNull(items[4]));
    EXPECT_FALSE(spans.isSpelledNull(items[3]));
}

TEST(TextPlaces, CountCharactersFromOne) {
    const std::string text = "\xC3\xA9x\ny";
    const TextPlaces places(text);
    EXPECT_EQ(places.at(2).column, 2);
    EXPECT_EQ(places.at(4).line, 2);
    EXPECT_EQ(places.at(4).column, 1);
    EXPECT_EQ(places.at(999).line, 2);
}

}  // namespace
}  // namespace qat
