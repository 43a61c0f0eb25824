// The seam behind which a chart library hides: axes and lines into a painter.
#pragma once

#include <QPen>
#include <memory>
#include <vector>

#include "charts/chart_scale.h"
#include "charts/curve_maths.h"

class QPainter;

namespace qat::ui {

// A line ready to draw: data coordinates, thinned to the width it will have.
struct DrawnLine {
    Polyline points;
    QPen pen;
};

struct ChartFrame {
    ChartMap map;
    std::vector<DrawnLine> lines;
    QString xTitle;
};

class ChartBackend {
public:
    virtual ~ChartBackend() = default;
    // Draws grid, axes, labels and lines into `size` logical pixels; the plot is frame.map.plot.
    virtual void draw(QPainter& painter, const QSizeF& size, const ChartFrame& frame, const Theme& theme) = 0;
};

std::unique_ptr<ChartBackend> makeQtChartsBackend();

}  // namespace qat::ui
