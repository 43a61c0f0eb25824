// The crosshair of a chart: where it moves, its line and its tooltip.
#include <QLocale>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "charts/chart_canvas.h"
#include "charts/chart_marks.h"
#include "widgets/format.h"

namespace qat::ui {
namespace {
constexpr int kTooltipRows = 8;
}

void ChartCanvas::setCrosshair(std::optional<double> x) {
    if (m_link) m_link->set(x);
    m_crosshair = x;
    update();
}

void ChartCanvas::moveCrosshair(int steps) {
    std::vector<double> stops = m_content.stops();
    if (stops.empty()) return;
    std::sort(stops.begin(), stops.end());
    stops.erase(std::unique(stops.begin(), stops.end()), stops.end());
    const double from = m_crosshair.value_or(steps > 0 ? stops.front() - 1 : stops.back() + 1);
    auto at = std::lower_bound(stops.begin(), stops.end(), steps > 0 ? std::nextafter(from, 1e300) : from);
    for (int i = 1; i < std::abs(steps) && steps > 0 && at != stops.end(); ++i) ++at;
    for (int i = 0; i < -steps && at != stops.begin(); ++i) --at;
    setCrosshair(at == stops.end() ? stops.back() : *at);
}

void ChartCanvas::paintCrosshair(QPainter& painter) const {
    const Theme& theme = m_hub->theme();
    if (m_dragFrom) {
        QColor band = theme.color(Color::Accent);
        band.setAlphaF(0.15f);
        painter.fillRect(
            QRectF(QPointF(m_dragFrom->x(), m_map.plot.top()), QPointF(m_pointer.x(), m_map.plot.bottom())), band);
    }
    if (!m_crosshair || *m_crosshair < m_map.x.min - 1e-9 || *m_crosshair > m_map.x.max + 1e-9) return;
    const double pixel = m_map.toPixel(*m_crosshair, m_map.y.max).x();
    painter.setPen(QPen(theme.color(Color::Text3), 1));
    painter.drawLine(QPointF(pixel, m_map.plot.top()), QPointF(pixel, m_map.plot.bottom()));
    for (const ChartReading& reading : m_content.readingsAt(*m_crosshair)) {
        const Series style = lineStyle(*reading.line, theme);
        if (reading.line->role == LineRole::Limit || reading.line->role == LineRole::Fp32) continue;
        paintMark(painter, m_map.toPixel(reading.x, reading.shown), Marker::Circle, 3, style.color,
                  theme.color(Color::Surface));
    }
    if (m_inside || hasFocus()) paintTooltip(painter, *m_crosshair, pixel);
}

void ChartCanvas::paintTooltip(QPainter& painter, double x, double pixel) const {
    const Theme& theme = m_hub->theme();
    std::vector<ChartReading> readings = m_content.readingsAt(x);
    if (readings.empty()) return;
    std::stable_sort(readings.begin(), readings.end(), [](const ChartReading& a, const ChartReading& b) {
        return a.shown > b.shown;
    });  // as the lines lie
    const int shown = std::min<int>(kTooltipRows, static_cast<int>(readings.size()));
    const int more = static_cast<int>(readings.size()) - shown;
    const double row = theme.px(19), pad = theme.px(10), sample = theme.px(20);
    const QFontMetricsF metrics(theme.small);
    double nameWidth = 0, valueWidth = 0;
    for (int i = 0; i < shown; ++i) {
        nameWidth = std::max(nameWidth, metrics.horizontalAdvance(readings[i].line->name));
        valueWidth = std::max(valueWidth, metrics.horizontalAdvance(formatSignificant(readings[i].shown)));
    }
    const QString title = (m_content.axes().xTitle.isEmpty() ? tr("x") : m_content.axes().xTitle) + QLatin1Char(' ') +
                          QLocale().toString(x, 'g', 6);
    const double inner = std::max(sample + nameWidth + theme.px(20) + valueWidth,
                                  QFontMetricsF(theme.weighted(theme.small, QFont::DemiBold)).horizontalAdvance(title));
    QRectF box(pixel + theme.px(12), m_map.plot.top() + theme.px(8), inner + 2 * pad,
               (shown + 1 + (more > 0)) * row + theme.px(10));
    if (box.right() > width() - 2) box.moveRight(pixel - theme.px(12));
    box.moveLeft(std::clamp(box.left(), 2.0, std::max(2.0, width() - box.width() - 2)));
    box.moveTop(std::clamp(m_inside ? m_pointer.y() : box.top(), 2.0, std::max(2.0, height() - box.height() - 2)));
    painter.setPen(QPen(theme.color(Color::BorderStrong), 1));
    painter.setBrush(theme.color(Color::Raised));
    painter.drawRoundedRect(box, 6, 6);
    double y = box.top() + theme.px(5);
    const auto line = [&] { return QRectF(box.left() + pad, y, inner, row); };
    painter.setFont(theme.weighted(theme.small, QFont::DemiBold));
    painter.setPen(theme.color(Color::Text));
    painter.drawText(line(), Qt::AlignVCenter, title);
    painter.setFont(theme.small);
    for (int i = 0; i < shown; ++i) {
        y += row;
        const Series style = lineStyle(*readings[i].line, theme);
        QPen pen(style.color, style.width);
        QList<qreal> dash;
        for (const qreal pixels : style.dash) dash << pixels / style.width;
        if (!dash.isEmpty()) pen.setDashPattern(dash);
        painter.setPen(pen);
        painter.drawLine(QPointF(box.left() + pad, y + row / 2), QPointF(box.left() + pad + sample - 6, y + row / 2));
        painter.setPen(theme.color(Color::Text));
        painter.drawText(line().adjusted(sample, 0, 0, 0), Qt::AlignVCenter, readings[i].line->name);
        painter.drawText(line(), Qt::AlignVCenter | Qt::AlignRight, formatSignificant(readings[i].shown));
    }
    if (more <= 0) return;
    y += row;
    painter.setPen(theme.color(Color::Text2));
    painter.drawText(line(), Qt::AlignVCenter, tr("%1 more").arg(more));
}

QString ChartCanvas::crosshairTable() const {
    if (!m_crosshair) return {};
    QString text = QStringLiteral("series\tx\tvalue\tsmoothed\n");
    for (const ChartReading& reading : m_content.readingsAt(*m_crosshair))
        text += reading.line->name + QLatin1Char('\t') + QString::number(reading.x, 'g', 9) + QLatin1Char('\t') +
                QString::number(reading.raw, 'g', 9) + QLatin1Char('\t') + QString::number(reading.shown, 'g', 9) +
                QLatin1Char('\n');
    return text;
}

}  // namespace qat::ui
