// The seam behind which a chart library hides: lines into a painter.
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
};

class ChartBackend {
public:
    virtual ~ChartBackend() = default;
    // Draws the lines into `size` logical pixels; frame.map.plot is where they belong and clips them.
    virtual void draw(QPainter& painter, const QSizeF& size, const ChartFrame& frame) = 0;
};

std::unique_ptr<ChartBackend> makeQtChartsBackend();

}  // namespace qat::ui
