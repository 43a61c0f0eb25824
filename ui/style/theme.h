// Every colour, font and metric of the window as a named token, in a light and a dark value.
#pragma once

#include <QColor>
#include <QFont>
#include <QList>
#include <QPalette>
#include <array>

namespace qat::ui {

// What a colour is for. Text on any surface keeps a contrast of 4.5 or more in both themes.
enum class Color {
    Window,
    Surface,
    Sunken,
    Raised,
    Hover,
    Border,
    BorderStrong,
    Control,
    Text,
    Text2,
    Text3,  // primary, secondary, tertiary = disabled = placeholder
    Accent,
    AccentFill,
    OnAccent,
    AccentSoft,  // interaction only; never a data series
    Success,
    SuccessSoft,
    Warning,
    WarningSoft,
    Error,
    ErrorSoft,
    Fp32,
    Fp32Soft,
    Quant,
    QuantSoft,  // the two data colours
    Bits4,
    Bits8,  // fill of a bits chip: up to 4, up to 8
    YamlString,
    YamlNumber,
    ChartGrid,
    ChartAxis,
    Canvas,
    Scrim,
    PhotoFp32,
    PhotoQuant,
    PhotoCasing,
    PhotoPlateText,
    PhotoLost,
    PhotoNew,  // on photographs, same in both themes
    Count
};

enum class Marker { Circle, Square, TriangleUp, Diamond, TriangleDown, Cross, HollowCircle, None };

// How one line of a chart looks: told apart by dash and marker, not by hue alone.
struct Series {
    QColor color;
    QList<qreal> dash;  // pixels on, off, ...; empty = solid
    Marker marker = Marker::Circle;
    qreal width = 1.8;  // pixels
};

// One complete look. Cheap to copy; painted items read it inside paint and never keep a QColor.
struct Theme {
    bool dark = false;
    std::array<QColor, static_cast<size_t>(Color::Count)> colors;
    QFont ui, small, caption, panelTitle, heading, product, code, smallCode;
    int basePx = 13;  // pixel height of the ui font; every metric scales with it

    static Theme day();
    static Theme night();

    const QColor& color(Color token) const { return colors[static_cast<size_t>(token)]; }
    // n pixels at the 13 px base font, scaled to the user's font and rounded.
    int px(double n) const;
    // The ui font in weight 600 with the height of n px at base 13; for values worth a glance (13, 15, 17, 20).
    QFont figure(double n) const;
    // The ui font with another weight (400, 500, 600).
    QFont weighted(const QFont& font, int weight) const;

    // Sequential map for error, sensitivity, flips, clipping; t in [0, 1], clamped; 0 is near the background.
    QColor ember(double t) const;
    // Diverging map; t in [-1, 1], clamped; -1 = FP32 side or below, +1 = quantized side or above.
    QColor tide(double t) const;
    // Black or white, whichever reads better on the fill (contrast at least 4.58).
    static QColor inkOn(const QColor& fill);

    // Categorical series 0..5 (0 = quantized, current run); larger numbers wrap.
    Series series(int index) const;
    Series fp32Series() const;
    Series limitSeries() const;  // floor or limit
    Series olderSeries() const;  // older or collapsed run

    // All three colour groups for the standard widgets.
    QPalette palette() const;
};

// Relative luminance and contrast ratio as WCAG 2 defines them.
double luminance(const QColor& color);
double contrastRatio(const QColor& a, const QColor& b);

}  // namespace qat::ui
