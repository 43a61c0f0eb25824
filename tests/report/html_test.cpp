// Pages and charts: hostile texts, odd numbers, and nothing from elsewhere.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "report/html_page.h"
#include "report/svg_chart.h"

namespace qat::test {
namespace {

TEST(Html, TextsCannotBecomeMarkup) {
    EXPECT_EQ(escaped("<a href=\"x\">&</a>"), "&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;");
    EXPECT_EQ(escaped(std::string_view("a\0b\x1b\tc\n", 7)), "a b \tc\n");
    EXPECT_EQ(escaped("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    const std::string broken = "\xEF\xBF\xBD";
    EXPECT_EQ(escaped("\xff"), broken);
    EXPECT_EQ(escaped("\xc3"), broken) << "cut off";
    EXPECT_EQ(escaped("\xed\xa0\x80"), broken + broken + broken) << "half of a surrogate pair";
    EXPECT_EQ(escaped("\xc0\xaf"), broken + broken) << "longer than needed";
}

TEST(Html, LongLinesAreThinnedAndKeepTheirExtremes) {
    ChartLine line{"loss", {}};
    for (int i = 0; i < 100000; ++i) line.points.emplace_back(i, i == 51234 ? 9.0 : 1.0);
    const std::string svg = lineChart({"Loss", "step", {line}, {}});
    EXPECT_LT(svg.size(), 60000u);
    EXPECT_NE(svg.find(">8<"), std::string::npos) << "the scale reaches the peak";
}

TEST(Html, ChartsOfNothingAreNothing) {
    EXPECT_EQ(lineChart({"t", "x", {{"empty", {}}}, {}}), "");
    EXPECT_EQ(barChart("t", {}), "");
    EXPECT_EQ(dotChart("t", {{"no run", {}}}), "");
}

TEST(Html, ChartsOfOneValueHaveAScale) {
    for (const double value : {0.0, 1.0, -3.0, 1e-12, 1e12}) {
        for (const std::string& svg :
             {lineChart({"t", "x", {{"one", {{value, value}}}}, {{"level", value}}}), dotChart("t", {{"one", {value}}}),
              barChart("t", {{"one", "1", std::abs(value)}})}) {
            EXPECT_EQ(svg.find("nan"), std::string::npos) << value;
            EXPECT_EQ(svg.find("inf"), std::string::npos) << value;
        }
    }
}

}  // namespace
}  // namespace qat::test
