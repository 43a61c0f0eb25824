// Text at the door: what is UTF-8, what is turned into it, and what a refusal says.
#include "base/text.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/assets.h"

namespace qat {
namespace {

using namespace std::string_literals;

std::string refusalOf(const std::string& bytes) {
    try {
        utf8Text("a.yaml", bytes);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        return error.what();
    }
    return "";
}

// Characters of U+0000..U+FFFF and surrogates as they are.
std::string utf16(const std::u16string& units, bool bigEndian) {
    std::string bytes;
    for (const char16_t unit : units) {
        const char low = static_cast<char>(unit & 0xFF), high = static_cast<char>(unit >> 8);
        bytes += bigEndian ? high : low, bytes += bigEndian ? low : high;
    }
    return bytes;
}

TEST(Text, WellFormedUtf8) {
    for (const std::string& good : {""s, "a\0\n"s, "\xC3\xA9"s, "\xE4\xB8\xAD"s, "\xED\x9F\xBF"s, "\xEF\xBF\xBF"s,
                                    "\xF0\x9F\x90\x95"s, "\xF4\x8F\xBF\xBF"s}) {
        EXPECT_TRUE(isUtf8(good)) << good;
        EXPECT_EQ(withUtf8Only(good), good);
    }
    // Stray and missing followers, overlong forms, surrogates, beyond U+10FFFF, bytes that lead nothing.
    for (const std::string& bad :
         {"\x80"s, "\xC3"s, "\xC3("s, "\xE4\xB8"s, "\xF0\x9F\x90"s, "\xC0\xAF"s, "\xC1\xBF"s, "\xE0\x9F\xBF"s,
          "\xF0\x8F\xBF\xBF"s, "\xED\xA0\x80"s, "\xED\xBF\xBF"s, "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFF"s}) {
        EXPECT_FALSE(isUtf8(bad)) << inQuotes(bad);
        EXPECT_TRUE(isUtf8(withUtf8Only(bad))) << inQuotes(bad);
    }
    EXPECT_EQ(withUtf8Only("caf\xE9s"), "caf\xEF\xBF\xBDs");
    EXPECT_EQ(inQuotes("a\n\xff"), "\"a??\"");
    EXPECT_EQ(inQuotes(std::string(101, 'x')), '"' + std::string(100, 'x') + "...\"");
}

TEST(Text, Utf16IsConvertedAndEverythingElseRefusedByLine) {
    const std::u16string text = u"names: [caf\u00E9, \u732B]\n# \U0001F415\n";
    const std::string utf8 = "names: [caf\xC3\xA9, \xE7\x8C\xAB]\n# \xF0\x9F\x90\x95\n";
    EXPECT_EQ(utf8Text("f", utf8), utf8);
    EXPECT_EQ(utf8Text("f", "\xEF\xBB\xBF" + utf8), "\xEF\xBB\xBF" + utf8) << "a mark is the file's own";
    for (const bool bigEndian : {false, true}) {
        EXPECT_EQ(utf8Text("f", utf16(u"\uFEFF" + text, bigEndian)), utf8) << bigEndian;
        EXPECT_EQ(utf8Text("f", utf16(text, bigEndian)), utf8) << bigEndian;
        EXPECT_EQ(utf8Text("f", utf16(u"\uFEFF", bigEndian)), "");
        EXPECT_NE(refusalOf(utf16(u"\uFEFFa\nb\xD800", bigEndian)).find("a.yaml:2:"), std::string::npos)
            << "half a pair";
        EXPECT_NE(refusalOf(utf16(u"\uFEFFa\nb\xDC00\xD800", bigEndian)).find("a.yaml:2:"), std::string::npos);
        EXPECT_NE(refusalOf(utf16(u"\uFEFFa\n", bigEndian) + "x").find("a.yaml:2:"), std::string::npos)
            << "half a unit";
    }
    EXPECT_EQ(refusalOf("a: 1\nb: caf\xE9\n"), "a.yaml:2: this line is not UTF-8 text, save the file as UTF-8");
    EXPECT_NE(refusalOf("names:\n  - \xC3\xA8\xC8\xCB\n").find("a.yaml:2:"), std::string::npos) << "GBK";
    EXPECT_NE(refusalOf("a\nb\n\nzero \0 byte"s).find("a.yaml:4:"), std::string::npos);
    EXPECT_NE(refusalOf("\xFF\xFE\0\0a\0\0\0"s).find("a.yaml:1:"), std::string::npos) << "UTF-32";
    EXPECT_NE(refusalOf("\0\0\0\0"s), "");
}

TEST(Text, FilesAreReadWithinALimit) {
    const test::ScratchFolder scratch;
    const fs::path file = scratch.path() / "list.txt";
    writeFileAtomic(file, "one\r\n\ntwo");
    EXPECT_EQ(readTextFile(file, 1 << 20), "one\r\n\ntwo");
    writeFileAtomic(file, "");
    fs::resize_file(file, uintmax_t{20} << 30);  // takes no room on the disk
    for (const auto& [path, piece] : {std::pair(file, "larger than 1 MB"),
                                      {scratch.path(), "is a folder, not a file"},
                                      {scratch.path() / "none", "No such file"},
                                      {fs::path(std::string(5000, 'x')), "File name too long"},
                                      {fs::path("/dev/zero"), "is not a regular file"}}) {
        try {
            readTextFile(path, 1 << 20);
            ADD_FAILURE() << piece;
        } catch (const Error& error) {
            EXPECT_NE(std::string(error.what()).find(piece), std::string::npos) << error.what();
            EXPECT_NE(error.kind(), ErrorKind::Internal);
        }
    }
}

TEST(Text, LinesWithoutMarkAndEnds) {
    TextLines lines("\xEF\xBB\xBFone\r\n\n last");
    std::vector<std::string> found;
    for (std::string_view line; lines.next(line);) found.push_back(std::to_string(lines.number()) + std::string(line));
    EXPECT_EQ(found, (std::vector<std::string>{"1one", "2", "3 last"}));
}

}  // namespace
}  // namespace qat
