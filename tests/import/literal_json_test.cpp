// Texts that are JSON, Python, or neither.
#include "import/literal_json.h"

#include <gtest/gtest.h>

namespace qat::test {
namespace {

std::string jsonOf(std::string_view text) {
    return literalJson(text).value_or("nothing");
}

TEST(LiteralJson, ReadsJsonAndPython) {
    EXPECT_EQ(jsonOf(R"( {"b": [1, 2.50, -3e-05, true, null], "a": {}} )"),
              R"({"b":[1,2.50,-3e-05,true,null],"a":{}})");
    EXPECT_EQ(jsonOf("{0: 'cat', 1: None, 'x': (1,), True: []}"), R"({"0":"cat","1":null,"x":[1],"true":[]})");
    EXPECT_EQ(jsonOf(R"(['it\'s', "a 'b'", 'say "hi"', '\x41\u00e9\n'])"),
              R"(["it's","a 'b'","say \"hi\"","\u0041\u00e9\n"])");
    EXPECT_EQ(jsonOf("640"), "640");
    EXPECT_EQ(jsonOf("1."), "1.0");
    EXPECT_EQ(jsonOf("()"), "[]");
}

TEST(LiteralJson, RefusesEverythingElse) {
    for (const char* text :
         {"",       "cat", "{",  "[1",  "[1 2]", "{1}", "{'a': }",      "'a",   "'a\\", "'\\q'",
          "'\\x4'", "007", ".5", "nan", "1 2",   "[,]", "tensor([8.])", "'\n'", "\xff", "__import__('os')"})
        EXPECT_EQ(jsonOf(text), "nothing") << text;
    EXPECT_EQ(jsonOf(std::string(32, '[') + std::string(32, ']')), "nothing");
    EXPECT_NE(jsonOf(std::string(31, '[') + std::string(31, ']')), "nothing");
    EXPECT_EQ(jsonOf(std::string(1000000, '[')), "nothing");
    EXPECT_EQ(jsonOf(std::string(1100000, ' ') + "1"), "nothing");
}

}  // namespace
}  // namespace qat::test
