// Axis ranges with round ticks, and the map between values and pixels.
#pragma once

#include <QRectF>
#include <QString>
#include <vector>

namespace qat::ui {

struct AxisScale {
    double min = 0, max = 1;
    bool log = false;
    std::vector<double> ticks;  // inside [min, max]
    int decimals = 0;           // of the tick labels

    // Share of the way from min to max.
    double shareOf(double value) const;
    double valueAt(double share) const;
    QString label(double tick) const;
};

// A range around [low, high] with at most maxTicks round steps (1, 2, 5). `snap` widens the range to whole steps. Equal
// or not finite bounds give a padded range, so that nothing is ever drawn into zero width.
AxisScale linearScale(double low, double high, int maxTicks, bool snap);

// Whole decades around [low, high], both above 0; others give 0.1 .. 1.
AxisScale logScale(double low, double high);

// Two scales and the rectangle they fill.
struct ChartMap {
    AxisScale x, y;
    QRectF plot;
    QPointF toPixel(double xValue, double yValue) const;
    double xAt(double pixel) const;
};

}  // namespace qat::ui
