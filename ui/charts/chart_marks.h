// The parts of a chart beside its lines: axes, forbidden ground, point marks, labels at line ends.
#pragma once

#include <QPainter>
#include <vector>

#include "charts/chart_line.h"
#include "charts/chart_scale.h"
#include "charts/curve_maths.h"

namespace qat::ui {

// One line as it is shown: its pieces in data coordinates, after smoothing.
struct ShownLine {
    const ChartLine* line = nullptr;
    std::vector<Polyline> pieces;
};

void paintMark(QPainter& painter, QPointF at, Marker marker, double radius, const QColor& color, const QColor& fill);
// Horizontal grid, the line of the x axis, tick labels and the title under them.
void paintAxes(QPainter& painter, const ChartMap& map, const QString& xTitle, const Theme& theme);
// Soft red with strokes between the line and the bottom of the plot.
void paintForbidden(QPainter& painter, const ShownLine& line, const ChartMap& map, const Theme& theme);
void paintPointMarks(QPainter& painter, const ShownLine& line, const ChartMap& map, const Theme& theme);
// Labels right of the last points, moved apart vertically where they would overlap.
void paintEndLabels(QPainter& painter, const std::vector<ShownLine>& lines, const ChartMap& map, double rightEdge,
                    const Theme& theme);
// Width the labels of lines that reach the right end of the plot need.
double endLabelRoom(const std::vector<ChartLine>& lines, double xMax, double xSpan, const Theme& theme);

}  // namespace qat::ui
