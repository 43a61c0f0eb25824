// Random damage to configuration texts: whatever comes, reading and editing end with a value or one clean error.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "config/config_io.h"
#include "guide_snippets.h"
#include "sample_values.h"
#include "sane_reading.h"

namespace qat {
namespace {

const std::vector<std::string>& tokens() {
    static const std::vector<std::string> pieces{":",
                                                 ": ",
                                                 "-",
                                                 "- ",
                                                 "\n",
                                                 "\n  ",
                                                 "\n- ",
                                                 "[",
                                                 "]",
                                                 "{",
                                                 "}",
                                                 ",",
                                                 "#",
                                                 " #",
                                                 "'",
                                                 "\"",
                                                 "|",
                                                 ">",
                                                 "&a ",
                                                 "*a",
                                                 "!!str ",
                                                 "? ",
                                                 "---\n",
                                                 "...\n",
                                                 "  ...\n",
                                                 "\t",
                                                 "\r",
                                                 "\r\n",
                                                 "~",
                                                 "%",
                                                 "@",
                                                 "\\",
                                                 "\\x",
                                                 "\xFF",
                                                 "\xC3",
                                                 "\0",
                                                 "\x04",
                                                 "<<: *a",
                                                 "99999999999999999999",
                                                 "-1",
                                                 "1e999",
                                                 "nan",
                                                 "(",
                                                 "((a{9}){9})",
                                                 "\xEF\xBB\xBF",
                                                 "\xE2\x80\xA8",
                                                 "model:",
                                                 "weight: &w",
                                                 "*w"};
    return pieces;
}

std::string damaged(std::string text, Random& random) {
    const int64_t count = 1 + random.below(3);
    for (int64_t i = 0; i < count; ++i) {
        const size_t at = static_cast<size_t>(random.below(static_cast<int64_t>(text.size()) + 1));
        const size_t length = static_cast<size_t>(random.below(30));
        switch (random.below(12)) {
            case 0:
            case 1:
            case 2:
                text.erase(at, length);
                break;
            case 3:
            case 4:
            case 5:
                text.insert(at, tokens()[static_cast<size_t>(random.below(static_cast<int64_t>(tokens().size())))]);
                break;
            case 6:
            case 7:
            case 8:
                text.insert(
                    at, text.substr(static_cast<size_t>(random.below(static_cast<int64_t>(text.size()) + 1)), length));
                break;
            case 9:
                text.resize(at);
                break;
            default:
                if (at < text.size()) text[at] = static_cast<char>(random.below(256));
        }
    }
    return text;
}

// Takes lines away and adds blank and comment lines: most results stay readable, in shapes nobody thought of.
std::string thinned(const std::string& text, Random& random) {
    static const std::vector<std::string> additions{"\n", "# note\n", "      # deep: note\n", "  ...\n", "   \n"};
    std::string result;
    for (size_t start = 0; start < text.size();) {
        const size_t end = std::min(text.find('\n', start), text.size() - 1) + 1;
        if (random.below(6) == 0) result += additions[static_cast<size_t>(random.below(5))];
        if (random.below(10) != 0) result += text.substr(start, end - start);
        start = end;
    }
    return random.below(4) == 0 && !result.empty() ? result.substr(0, result.size() - 1) : result;
}

// The edit either makes exactly the change or refuses.
bool editIsExact(const std::string& text, const ConfigReading& before, const ConfigField& field) {
    std::string changed;
    try {
        changed = setConfigValue(text, field.path, test::otherValue(field));
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput) << error.what();
        return false;
    }
    const ConfigReading after = readConfig(changed);
    EXPECT_EQ(after.valid(), before.valid()) << text << "\n---- " << field.path << "\n" << changed;
    if (!before.valid()) return true;
    const std::string expected = setConfigValue(writeConfig(before.config), field.path, test::otherValue(field));
    EXPECT_EQ(after.config, readConfig(expected).config) << text << "\n---- " << field.path << "\n" << changed;
    return true;
}

TEST(FuzzConfig, DamagedTextsNeverCrashReadingOrEditing) {
    Random random(20240611);
    const auto& snippets = test::guideSnippets();
    const auto& fields = configFields();
    int readable = 0, edited = 0;
    for (int round = 0; round < 3000; ++round) {
        const std::string& base =
            snippets[static_cast<size_t>(random.below(static_cast<int64_t>(snippets.size())))].text;
        const std::string text = round % 2 ? damaged(base, random) : thinned(base, random);
        const ConfigReading reading = readConfig(text);
        ASSERT_EQ(test::problemOfReading(text), "") << text;
        if (!reading.valid()) {
            const ConfigField& field = fields[static_cast<size_t>(random.below(static_cast<int64_t>(fields.size())))];
            try {
                setConfigValue(text, field.path, test::otherValue(field));
                removeConfigValue(text, field.path);
            } catch (const Error& error) {
                ASSERT_EQ(error.kind(), ErrorKind::BadInput) << error.what();
            }
            continue;
        }
        ++readable;
        if (round % 3 != 0) continue;  // an edit and its proof cost ten times a reading
        edited +=
            editIsExact(text, reading, fields[static_cast<size_t>(random.below(static_cast<int64_t>(fields.size())))]);
    }
    EXPECT_GT(readable, 700);
    EXPECT_GT(edited, 200);
}

TEST(FuzzConfig, NoiseIsRefused) {
    Random random(7);
    for (int round = 0; round < 1000; ++round) {
        std::string text(static_cast<size_t>(random.below(200)), '\0');
        for (char& c : text) c = static_cast<char>(round % 2 ? random.below(256) : 32 + random.below(95));
        ASSERT_EQ(test::problemOfReading(text), "") << text;
    }
}

// What a fuzzer found worth keeping: one input for each way through the reader.
TEST(FuzzConfig, CorpusIsReadSanely) {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(QAT_CORPUS_FOLDER)) {
        ++files;
        EXPECT_EQ(test::problemOfReading(readFile(entry.path())), "") << entry.path();
    }
    EXPECT_GT(files, 100);
}

}  // namespace
}  // namespace qat
