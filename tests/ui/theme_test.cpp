// Colours: every text token reads on every surface, maps stay in range, icons follow the theme.
#include <gtest/gtest.h>

#include <QIcon>
#include <QImage>
#include <limits>

#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/format.h"

namespace qat::ui {
namespace {

class BothThemes : public testing::TestWithParam<bool> {
protected:
    Theme theme = GetParam() ? Theme::night() : Theme::day();
};
INSTANTIATE_TEST_SUITE_P(LightAndDark, BothThemes, testing::Bool());

TEST_P(BothThemes, TextReadsOnEverySurface) {
    for (const Color text : {Color::Text, Color::Text2, Color::Text3, Color::Accent, Color::Success, Color::Warning,
                             Color::Error, Color::Fp32, Color::Quant})
        for (const Color surface : {Color::Window, Color::Surface, Color::Sunken, Color::Hover, Color::AccentSoft})
            EXPECT_GE(contrastRatio(theme.color(text), theme.color(surface)), 4.5)
                << "text " << int(text) << " on " << int(surface);
}

TEST_P(BothThemes, StateTextReadsOnItsSoftFill) {
    const std::pair<Color, Color> pairs[] = {{Color::Success, Color::SuccessSoft},
                                             {Color::Warning, Color::WarningSoft},
                                             {Color::Error, Color::ErrorSoft},
                                             {Color::Fp32, Color::Fp32Soft},
                                             {Color::Quant, Color::QuantSoft},
                                             {Color::OnAccent, Color::AccentFill},
                                             {Color::Text, Color::Bits4},
                                             {Color::Text, Color::Bits8},
                                             {Color::PhotoPlateText, Color::PhotoFp32}};
    for (const auto& [text, fill] : pairs) EXPECT_GE(contrastRatio(theme.color(text), theme.color(fill)), 4.5);
}

TEST_P(BothThemes, YamlReadsAlsoOnTheCurrentLine) {
    for (const Color token : {Color::YamlString, Color::YamlNumber})
        for (const Color surface : {Color::Surface, Color::AccentSoft})
            EXPECT_GE(contrastRatio(theme.color(token), theme.color(surface)), 4.5);
}

TEST_P(BothThemes, InkOnHeatCellsReads) {
    for (int i = 0; i <= 100; ++i) {
        const QColor ember = theme.ember(i / 100.0), tide = theme.tide(i / 50.0 - 1);
        EXPECT_GE(contrastRatio(Theme::inkOn(ember), ember), 4.5);
        EXPECT_GE(contrastRatio(Theme::inkOn(tide), tide), 4.5);
    }
}

TEST_P(BothThemes, MapsClampAndTakeNotANumber) {
    EXPECT_EQ(theme.ember(-3), theme.ember(0));
    EXPECT_EQ(theme.ember(7), theme.ember(1));
    EXPECT_EQ(theme.ember(std::numeric_limits<double>::quiet_NaN()), theme.ember(0));
    EXPECT_EQ(theme.tide(std::numeric_limits<double>::quiet_NaN()), theme.tide(0));
}

TEST_P(BothThemes, SeriesDifferInDashAndMarker) {
    for (int a = 0; a < 6; ++a)
        for (int b = 0; b < a; ++b) {
            EXPECT_NE(theme.series(a).marker, theme.series(b).marker);
            EXPECT_NE(theme.series(a).dash, theme.series(b).dash);
        }
    EXPECT_EQ(theme.series(6).color, theme.series(0).color);
}

TEST(Theme, ContrastRatioKnowsTheExtremes) {
    EXPECT_NEAR(contrastRatio(Qt::black, Qt::white), 21.0, 1e-9);
    EXPECT_NEAR(contrastRatio(Qt::white, Qt::white), 1.0, 1e-9);
}

TEST(ThemeHub, TellsOfASwitchOnce) {
    ThemeHub hub(ThemeHub::Mode::Light);
    int told = 0;
    QObject::connect(&hub, &ThemeHub::changed, [&] { ++told; });
    const int before = hub.generation();
    hub.setMode(ThemeHub::Mode::Dark);
    hub.setMode(ThemeHub::Mode::Dark);
    EXPECT_EQ(told, 1);
    EXPECT_GT(hub.generation(), before);
    EXPECT_TRUE(hub.theme().dark);
}

TEST(ThemeIcon, TakesTheColourOfTheTheme) {
    ThemeHub hub(ThemeHub::Mode::Light);
    const QIcon icon = themeIcon(hub, QStringLiteral("stop"));
    const auto inked = [&icon] {
        const QImage image = icon.pixmap(32, 32).toImage();
        for (int x = 0; x < image.width(); ++x)
            if (image.pixelColor(x, image.height() / 2).alpha() > 250) return image.pixelColor(x, image.height() / 2);
        return QColor();
    };
    EXPECT_EQ(inked().name(), hub.color(Color::Text2).name());
    hub.setMode(ThemeHub::Mode::Dark);
    EXPECT_EQ(inked().name(), hub.color(Color::Text2).name());
    EXPECT_TRUE(themeIcon(hub, QStringLiteral("no such drawing")).isNull());
}

TEST(Format, WritesNumbersAsTheLookSays) {
    EXPECT_EQ(formatChange(-0.0633), QStringLiteral("\u22120.0633"));
    EXPECT_EQ(formatChange(0.00001), QStringLiteral("0.0000"));
    EXPECT_EQ(formatCount(3151904), QStringLiteral("3\u2009151\u2009904"));
    EXPECT_EQ(formatBytes(1710000), QStringLiteral("1.71\u2009MB"));
    EXPECT_EQ(formatDuration(790), QStringLiteral("13 min 10 s"));
    EXPECT_EQ(formatPercent(0.136), QStringLiteral("13.6\u2009%"));
    EXPECT_EQ(formatScore(std::numeric_limits<double>::quiet_NaN()), QStringLiteral("\u2013"));
}

}  // namespace
}  // namespace qat::ui
