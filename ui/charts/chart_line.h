// What a chart shows: lines of points, axes, and nothing about how they are drawn.
#pragma once

#include <QPointF>
#include <QString>
#include <QVector>
#include <optional>
#include <vector>

#include "style/theme.h"

namespace qat::ui {

enum class LineRole { Quant, Fp32, Limit, Older, Category, Neutral };

struct ChartLine {
    QString name;
    LineRole role = LineRole::Quant;
    int category = 1;             // for LineRole::Category: the series of the theme
    std::vector<QPointF> points;  // y not finite = gap
    std::vector<size_t> starts;   // first point of every piece; empty = one piece
    double smoothing = 0;         // weight of the debiased average in [0, 0.999]; the raw line stays visible at 30 %
    bool median = false;          // running median of five instead
    bool markers = false;         // a mark at every point, for short series
    bool thin = false;            // secondary line of the same role
    bool dotted = false;          // a forecast or a plan
    bool stair = false;           // keeps its value until the next point
    bool level = false;           // one value drawn across: its points are ends, not measurements
    bool hatchBelow = false;      // the area under it is forbidden ground
    QString endLabel, endNote;    // beside the last point; the note in secondary text under it
};

struct ChartAxes {
    QString xTitle;
    std::optional<double> xMin, xMax, yMin, yMax;
    bool logY = false;
    bool yFromZero = true;
    int maxYTicks = 6;
};

// Pen and marker of a line in a theme.
Series lineStyle(const ChartLine& line, const Theme& theme);

}  // namespace qat::ui
