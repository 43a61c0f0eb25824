// Scales, curves and readings of a chart.
#include "charts/chart_content.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <span>

#include "charts/chart_marks.h"
#include "widgets/format.h"

namespace qat::ui {
namespace {

QString text(const char* source) {
    return QCoreApplication::translate("ChartContent", source);
}

}  // namespace

void ChartContent::setLines(std::vector<ChartLine> lines) {
    m_lines = std::move(lines);
    m_smoothed.clear();
    for (const ChartLine& line : m_lines) m_smoothed.push_back(smoothedValues(line));
}

bool ChartContent::isEmpty() const {
    for (const ChartLine& line : m_lines)
        for (const QPointF& point : line.points)
            if (std::isfinite(point.y())) return false;
    return true;
}

QString ChartContent::summary() const {
    QStringList parts;
    for (const ChartLine& line : m_lines) {
        double last = std::nan(""), highest = std::nan("");
        for (const QPointF& point : line.points) {
            if (!std::isfinite(point.y())) continue;
            last = point.y();
            if (!(highest >= last)) highest = last;
        }
        if (!std::isfinite(last)) continue;
        parts << text("%1: %2, last %3, highest %4")
                     .arg(line.name,
                          counted(static_cast<int64_t>(line.points.size()), text("1 point"), text("%1 points")),
                          formatSignificant(last), formatSignificant(highest));
    }
    return parts.join(QStringLiteral("; ")) + QLatin1Char('.');
}

AxisScale ChartContent::xScale() const {
    if (m_zoom) return linearScale(m_zoom->first, m_zoom->second, 9, false);
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const ChartLine& line : m_lines)
        for (const QPointF& point : line.points) {
            if (!std::isfinite(point.x())) continue;
            low = std::min(low, point.x());
            high = std::max(high, point.x());
        }
    return linearScale(m_axes.xMin.value_or(low), m_axes.xMax.value_or(high), 9, false);
}

AxisScale ChartContent::yScale() const {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (size_t i = 0; i < m_lines.size(); ++i)
        for (const double value : m_smoothed[i]) {
            if (!std::isfinite(value) || (m_axes.logY && value <= 0)) continue;
            low = std::min(low, value);
            high = std::max(high, value);
        }
    if (m_axes.logY) return logScale(low, high);
    if (m_axes.yFromZero) low = std::min(low, 0.0);
    return linearScale(m_axes.yMin.value_or(low), m_axes.yMax.value_or(high), m_axes.maxYTicks, true);
}

ChartMap ChartContent::map(const QSizeF& size, const Theme& theme) const {
    ChartMap map;
    map.x = xScale();
    map.y = yScale();
    const double left = theme.px(42), top = theme.px(14);
    const double bottom = theme.px(m_axes.xTitle.isEmpty() ? 24 : 42);
    const double room = endLabelRoom(m_lines, map.x.max, map.x.max - map.x.min, theme);
    const double right = std::max<double>(theme.px(14), room + theme.px(8));
    map.plot =
        QRectF(left, top, std::max(20.0, size.width() - left - right), std::max(20.0, size.height() - top - bottom));
    return map;
}

ChartFrame ChartContent::frame(const ChartMap& map, const Theme& theme, int& hidden) const {
    ChartFrame frame;
    frame.map = map;
    const int columns = static_cast<int>(map.plot.width());
    const auto add = [&](const ChartLine& line, std::span<const double> values, bool faint, int* lost) {
        const Series style = lineStyle(line, theme);
        QColor color = style.color;
        if (faint)
            color.setAlphaF(0.3f);
        else if (line.thin)
            color.setAlphaF(0.75f);
        QPen pen(color, faint ? 1.0 : style.width, Qt::SolidLine, Qt::FlatCap, Qt::RoundJoin);
        pen.setCosmetic(true);
        QList<qreal> dash;  // QPen counts in pen widths, the theme in pixels
        for (const qreal pixels : style.dash) dash << pixels / pen.widthF();
        if (!dash.isEmpty()) pen.setDashPattern(dash);
        for (const Polyline& piece : splitAtGaps(line, values, m_axes.logY, lost)) {
            const Polyline points = line.stair ? stair(piece) : piece;
            frame.lines.push_back({thinned(points, map.x.min, map.x.max, columns), pen});
        }
    };
    for (size_t i = 0; i < m_lines.size(); ++i) {
        const ChartLine& line = m_lines[i];
        const bool smoothed = line.smoothing > 0 || line.median;
        std::vector<double> raw;
        for (const QPointF& point : line.points) raw.push_back(point.y());
        if (smoothed) add(line, raw, true, nullptr);
        add(line, m_smoothed[i], false, &hidden);
    }
    return frame;
}

std::vector<double> ChartContent::stops() const {
    std::vector<double> stops, ends;
    const AxisScale shown = xScale();
    const double slack = 1e-9 * (shown.max - shown.min);
    for (const ChartLine& line : m_lines) {
        std::vector<double>& into = line.level || line.role == LineRole::Limit ? ends : stops;
        for (const QPointF& point : line.points)
            if (point.x() >= shown.min - slack && point.x() <= shown.max + slack) into.push_back(point.x());
    }
    return stops.empty() ? ends : stops;
}

std::optional<double> ChartContent::nearestStop(double x) const {
    const std::vector<double> all = stops();
    const auto nearest =
        std::min_element(all.begin(), all.end(), [x](double a, double b) { return std::abs(a - x) < std::abs(b - x); });
    return nearest == all.end() ? std::nullopt : std::optional(*nearest);
}

std::vector<ChartReading> ChartContent::readingsAt(double x) const {
    std::vector<ChartReading> readings;
    const AxisScale range = xScale();
    for (size_t i = 0; i < m_lines.size(); ++i) {
        const std::vector<QPointF>& points = m_lines[i].points;
        size_t nearest = points.size();
        for (size_t j = 0; j < points.size(); ++j) {
            if (!std::isfinite(points[j].y()) || (m_lines[i].stair && points[j].x() > x + 1e-9)) continue;
            // Of equally near points the later one counts: it is what a resumed run ended up with.
            if (nearest == points.size() || std::abs(points[j].x() - x) <= std::abs(points[nearest].x() - x))
                nearest = j;
        }
        if (nearest == points.size()) continue;
        const bool level = m_lines[i].stair || m_lines[i].level;  // holds between its points
        const double span = range.max - range.min;
        if (!level && std::abs(points[nearest].x() - x) > span * 0.05) continue;
        readings.push_back({&m_lines[i], level ? x : points[nearest].x(), points[nearest].y(), m_smoothed[i][nearest]});
    }
    return readings;
}

}  // namespace qat::ui
