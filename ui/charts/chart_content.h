// What a chart shows, apart from any screen: its lines, smoothed, on their axes, within the zoom.
#pragma once

#include <QSizeF>
#include <QString>
#include <optional>
#include <utility>
#include <vector>

#include "charts/chart_backend.h"
#include "style/theme.h"

namespace qat::ui {

// What a line says at the crosshair.
struct ChartReading {
    const ChartLine* line;
    double x, raw, shown;  // x of the point, or the crosshair's where the line holds its value
};

class ChartContent {
public:
    void setLines(std::vector<ChartLine> lines);
    void setAxes(const ChartAxes& axes) { m_axes = axes; }
    void setZoom(std::optional<std::pair<double, double>> x) { m_zoom = x; }

    const std::vector<ChartLine>& lines() const { return m_lines; }
    const ChartAxes& axes() const { return m_axes; }
    // Values after smoothing, per line.
    const std::vector<std::vector<double>>& smoothed() const { return m_smoothed; }
    bool isZoomed() const { return m_zoom.has_value(); }
    bool isEmpty() const;  // no line has a point
    // "EMA 12 points, last 0.3762, highest 0.3762; ..."
    QString summary() const;

    ChartMap map(const QSizeF& size, const Theme& theme) const;
    // `hidden` grows by the points that a logarithmic axis cannot show.
    ChartFrame frame(const ChartMap& map, const Theme& theme, int& hidden) const;

    // Where a crosshair may stand: at every x that any line was measured at, as far as the zoom shows it. Levels and
    // limits follow from other lines; only a chart that has nothing else stops at their ends.
    std::vector<double> stops() const;
    std::optional<double> nearestStop(double x) const;
    std::vector<ChartReading> readingsAt(double x) const;

private:
    AxisScale xScale() const;
    AxisScale yScale() const;

    std::vector<ChartLine> m_lines;
    std::vector<std::vector<double>> m_smoothed;
    ChartAxes m_axes;
    std::optional<std::pair<double, double>> m_zoom;
};

}  // namespace qat::ui
