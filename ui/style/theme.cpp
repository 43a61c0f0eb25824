// The token tables and the two colour maps.
#include "style/theme.h"

#include <QFontDatabase>
#include <QFontInfo>
#include <algorithm>
#include <cmath>

namespace qat::ui {
namespace {

struct Token {
    Color color;
    const char* light;
    const char* dark;
};

constexpr Token kTokens[] = {
    {Color::Window, "#F2F3F5", "#15171A"},         {Color::Surface, "#FFFFFF", "#1C1F23"},
    {Color::Sunken, "#E9EBEE", "#111315"},         {Color::Raised, "#FFFFFF", "#272B30"},
    {Color::Hover, "#F1F3F6", "#24282D"},          {Color::Border, "#DCDFE4", "#30353B"},
    {Color::BorderStrong, "#C6CBD3", "#464C54"},   {Color::Control, "#868D98", "#7A828D"},
    {Color::Text, "#1A1E23", "#E4E7EB"},           {Color::Text2, "#4A525D", "#B0B7C1"},
    {Color::Text3, "#606873", "#989FAA"},          {Color::Accent, "#3454C5", "#93A9FF"},
    {Color::AccentFill, "#3454C5", "#4763D8"},     {Color::OnAccent, "#FFFFFF", "#FFFFFF"},
    {Color::AccentSoft, "#E4EAFB", "#27325A"},     {Color::Success, "#1B7339", "#69C285"},
    {Color::SuccessSoft, "#E3F3E8", "#1B3324"},    {Color::Warning, "#7F5600", "#E0B252"},
    {Color::WarningSoft, "#FBF0D4", "#3A2F14"},    {Color::Error, "#B42525", "#F28B84"},
    {Color::ErrorSoft, "#FBE6E4", "#43211F"},      {Color::Fp32, "#0A7384", "#4FC4D4"},
    {Color::Fp32Soft, "#D9EEF1", "#123A41"},       {Color::Quant, "#AD4904", "#F3A05C"},
    {Color::QuantSoft, "#FBE8DA", "#46290F"},      {Color::Bits4, "#F6CFAE", "#6B3D17"},
    {Color::Bits8, "#FBE9DB", "#3D2A1C"},          {Color::YamlString, "#7A3E0A", "#E3B98B"},
    {Color::YamlNumber, "#0A6E5C", "#7FD1B9"},     {Color::ChartGrid, "#E8EAEE", "#2A2E34"},
    {Color::ChartAxis, "#B9BFC8", "#545B64"},      {Color::Canvas, "#E4E7EB", "#0F1113"},
    {Color::Scrim, "#611A1E23", "#80000000"},      {Color::PhotoFp32, "#39DCEB", "#39DCEB"},
    {Color::PhotoQuant, "#FFA64D", "#FFA64D"},     {Color::PhotoCasing, "#9E090C10", "#9E090C10"},
    {Color::PhotoPlateText, "#0B0E12", "#0B0E12"}, {Color::PhotoLost, "#C62F2F", "#C62F2F"},
    {Color::PhotoNew, "#E0B252", "#E0B252"},
};
static_assert(std::size(kTokens) == static_cast<size_t>(Color::Count), "every token has a row");

using Ramp = std::array<const char*, 5>;
constexpr Ramp kEmberLight{"#F5F0EA", "#F6CFA2", "#E8934A", "#B4500F", "#5A1E07"};
constexpr Ramp kEmberDark{"#24211E", "#5B3314", "#A5581C", "#EA9A4E", "#FFE3BF"};
constexpr Ramp kTideLight{"#075261", "#5FAFBB", "#F1F1EF", "#E79F62", "#8F3C06"};
constexpr Ramp kTideDark{"#7FE3F0", "#2A8796", "#2A2D31", "#B5621C", "#FFBE85"};

// Linear between the five stops, in sRGB; not-a-number reads as 0.
QColor onRamp(const Ramp& ramp, double t) {
    const double scaled = (std::isfinite(t) ? std::clamp(t, 0.0, 1.0) : 0.0) * 4;
    const int index = std::min(3, static_cast<int>(scaled));
    const QColor from(ramp[index]), to(ramp[index + 1]);
    const double part = scaled - index;
    const auto mix = [part](int a, int b) { return static_cast<int>(std::lround(a + (b - a) * part)); };
    return QColor(mix(from.red(), to.red()), mix(from.green(), to.green()), mix(from.blue(), to.blue()));
}

QFont sized(QFont font, int pixels, int weight = QFont::Normal) {
    font.setPixelSize(std::max(7, pixels));
    font.setWeight(static_cast<QFont::Weight>(weight));
    return font;
}

void setFonts(Theme& theme) {
    const QFont system = QFontDatabase::systemFont(QFontDatabase::GeneralFont);
    const QFont fixed = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    theme.basePx = std::clamp(QFontInfo(system).pixelSize(), 9, 40);
    theme.ui = sized(system, theme.basePx);
    theme.small = sized(system, theme.px(12));
    theme.caption = sized(system, theme.px(11));
    theme.panelTitle = sized(system, theme.px(12.5), QFont::DemiBold);
    theme.heading = sized(system, theme.px(14), QFont::DemiBold);
    theme.product = sized(system, theme.px(25), QFont::DemiBold);
    theme.code = sized(fixed, theme.px(12));
    theme.smallCode = sized(fixed, theme.px(11.5));
}

Theme make(bool dark) {
    Theme theme;
    theme.dark = dark;
    for (const Token& token : kTokens)
        theme.colors[static_cast<size_t>(token.color)] = QColor(dark ? token.dark : token.light);
    setFonts(theme);
    return theme;
}

struct Category {
    const char* light;
    const char* dark;
    std::array<qreal, 4> dash;  // zeros at the end are left out
    Marker marker;
};

constexpr Category kCategories[] = {
    {"#AD4904", "#F3A05C", {0, 0, 0, 0}, Marker::Circle},       {"#491F9D", "#8562C1", {8, 3, 0, 0}, Marker::Square},
    {"#6994D3", "#7193F1", {6, 2, 0, 0}, Marker::TriangleUp},   {"#8D9C44", "#DDD54A", {2, 2, 0, 0}, Marker::Diamond},
    {"#6C2C52", "#B76985", {8, 3, 2, 3}, Marker::TriangleDown}, {"#222323", "#E8EDF3", {12, 3, 0, 0}, Marker::Cross},
};

}  // namespace

Theme Theme::day() {
    return make(false);
}
Theme Theme::night() {
    return make(true);
}

int Theme::px(double n) const {
    return static_cast<int>(std::lround(n * basePx / 13.0));
}

QFont Theme::figure(double n) const {
    return sized(ui, px(n), QFont::DemiBold);
}

QFont Theme::weighted(const QFont& font, int weight) const {
    QFont result = font;
    result.setWeight(static_cast<QFont::Weight>(weight));
    return result;
}

QColor Theme::ember(double t) const {
    return onRamp(dark ? kEmberDark : kEmberLight, t);
}
QColor Theme::tide(double t) const {
    return onRamp(dark ? kTideDark : kTideLight, std::isfinite(t) ? (t + 1) / 2 : 0.5);
}

QColor Theme::inkOn(const QColor& fill) {
    return luminance(fill) > 0.179 ? QColor(Qt::black) : QColor(Qt::white);
}

Series Theme::series(int index) const {
    const int count = static_cast<int>(std::size(kCategories));
    const Category& category = kCategories[((index % count) + count) % count];
    Series series{QColor(dark ? category.dark : category.light), {}, category.marker, 1.8};
    for (const qreal length : category.dash)
        if (length > 0) series.dash.append(length);
    return series;
}

Series Theme::fp32Series() const {
    return {color(Color::Fp32), {}, Marker::Square, 2};
}
Series Theme::limitSeries() const {
    return {color(Color::Error), {2, 3}, Marker::None, 1.4};
}
Series Theme::olderSeries() const {
    return {color(Color::Text3), {6, 3, 1.5, 3}, Marker::HollowCircle, 1.4};
}

QPalette Theme::palette() const {
    QPalette palette;
    const auto set = [&](QPalette::ColorRole role, Color token) {
        palette.setColor(QPalette::All, role, color(token));
    };
    set(QPalette::Window, Color::Window);
    set(QPalette::Button, Color::Window);
    set(QPalette::Base, Color::Surface);
    set(QPalette::AlternateBase, Color::Hover);
    set(QPalette::Mid, Color::Sunken);
    set(QPalette::Light, Color::Raised);
    set(QPalette::ToolTipBase, Color::Raised);
    set(QPalette::ToolTipText, Color::Text);
    set(QPalette::Midlight, Color::Border);
    set(QPalette::Dark, Color::BorderStrong);
    set(QPalette::Shadow, Color::Control);
    set(QPalette::WindowText, Color::Text);
    set(QPalette::Text, Color::Text);
    set(QPalette::ButtonText, Color::Text);
    set(QPalette::Highlight, Color::AccentSoft);
    set(QPalette::HighlightedText, Color::Text);
    set(QPalette::PlaceholderText, Color::Text3);
    set(QPalette::Link, Color::Accent);
    set(QPalette::LinkVisited, Color::Accent);
    set(QPalette::BrightText, Color::OnAccent);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::HighlightedText})
        palette.setColor(QPalette::Disabled, role, color(Color::Text3));
    return palette;
}

double luminance(const QColor& color) {
    const auto linear = [](double channel) {
        return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

double contrastRatio(const QColor& a, const QColor& b) {
    const double first = luminance(a), second = luminance(b);
    return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
}

}  // namespace qat::ui
