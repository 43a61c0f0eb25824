// Layer patterns against names and aliases.
#include <gtest/gtest.h>

#include <chrono>

#include "base/error.h"
#include "config/pattern.h"

namespace qat {
namespace {

TEST(LayerPattern, IsSearchedInNameAndAliases) {
    const LayerPattern head("model.[0-9]+.detect");
    EXPECT_FALSE(head.matches("model.22.cv2.0.0.conv"));
    EXPECT_TRUE(head.matches("model.22.cv2.0.0.conv", {"other", "model.22.detect.cv2.0.0.conv"}));
    const LayerPattern first("^model\\.0\\.conv$");
    EXPECT_TRUE(first.matches("model.0.conv"));
    EXPECT_FALSE(first.matches("model.0xconv"));
    EXPECT_FALSE(first.matches("model.10.conv"));
    EXPECT_EQ(first.text(), "^model\\.0\\.conv$");
    EXPECT_TRUE(LayerPattern("conv").matches("model.3.conv"));
    EXPECT_FALSE(LayerPattern("conv").matches(""));
}

TEST(LayerPattern, BadPatternsSayWhatIsWrong) {
    EXPECT_FALSE(LayerPattern::complaint("a+b"));
    EXPECT_TRUE(LayerPattern::complaint(""));
    EXPECT_TRUE(LayerPattern::complaint(std::string(1001, 'a')));
    EXPECT_TRUE(LayerPattern::complaint("a(?=b)"));
    EXPECT_TRUE(LayerPattern::complaint("((a{100}){100}){100}"));
    try {
        LayerPattern bad("model.[");
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        EXPECT_EQ(std::string(error.what()),
                  "the layer pattern is \"model.[\", which is no regular expression (missing ]: [)");
    }
}

TEST(LayerPattern, TimeIsLinear) {
    const LayerPattern evil("(a+)+$");
    const std::string name(200000, 'a');
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(evil.matches(name + "b"));
    EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 2.0);
}

TEST(LayerPattern, EscapingTouchesOnlyDotsMeantAsDots) {
    EXPECT_EQ(withEscapedDots("model.0.conv"), "model\\.0\\.conv");
    EXPECT_EQ(withEscapedDots("model\\.0[.x].*a.+b.?c.{2}"), "model\\.0[.x].*a.+b.?c.{2}");
    EXPECT_EQ(withEscapedDots("\\"), "\\");
    EXPECT_EQ(withEscapedDots("a\\\\.b"), "a\\\\\\.b");
}

TEST(LayerPattern, PatternForALayerMatchesOnlyIt) {
    const LayerPattern one(patternForLayer("model.2.m.0.cv1.conv"));
    EXPECT_TRUE(one.matches("model.2.m.0.cv1.conv"));
    EXPECT_FALSE(one.matches("model.2.m.0.cv1.conv.x"));
    EXPECT_FALSE(one.matches("model.2xm.0.cv1.conv"));
}

}  // namespace
}  // namespace qat
