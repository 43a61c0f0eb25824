// Layout of a chart, its cached picture, and what the pointer and the keys do on it.
#include "charts/chart_canvas.h"

#include <QApplication>
#include <QClipboard>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "charts/chart_marks.h"
#include "widgets/format.h"

namespace qat::ui {
namespace {
constexpr int kTooltipRows = 8;
constexpr double kDragPixels = 6;
}  // namespace

struct ChartCanvas::Reading {
    const ChartLine* line;
    double x, raw, shown;
};

ChartCanvas::ChartCanvas(ThemeHub* hub, QWidget* parent)
    : QWidget(parent), m_hub(hub), m_backend(makeQtChartsBackend()) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Chart"));
    connect(hub, &ThemeHub::changed, this, [this] {
        m_stale = true;
        update();
    });
}

ChartCanvas::~ChartCanvas() = default;

void ChartCanvas::setLines(std::vector<ChartLine> lines) {
    m_lines = std::move(lines);
    m_smoothed.clear();
    for (const ChartLine& line : m_lines) m_smoothed.push_back(smoothedValues(line));
    m_stale = true;
    setAccessibleDescription(summary());
    update();
}

void ChartCanvas::setAxes(const ChartAxes& axes) {
    m_axes = axes;
    m_stale = true;
    update();
}

void ChartCanvas::setEmptyText(const QString& sentence) {
    m_emptyText = sentence;
    update();
}

void ChartCanvas::setLink(CrosshairLink* link) {
    m_link = link;
    connect(link, &CrosshairLink::moved, this, [this] {
        m_crosshair = m_link ? m_link->x() : std::nullopt;
        update();
    });
}

bool ChartCanvas::isEmpty() const {
    for (const ChartLine& line : m_lines)
        for (const QPointF& point : line.points)
            if (std::isfinite(point.y())) return false;
    return true;
}

QString ChartCanvas::summary() const {
    if (isEmpty()) return m_emptyText;
    QStringList parts;
    for (const ChartLine& line : m_lines) {
        double last = std::nan(""), highest = std::nan("");
        for (const QPointF& point : line.points) {
            if (!std::isfinite(point.y())) continue;
            last = point.y();
            if (!(highest >= last)) highest = last;
        }
        if (!std::isfinite(last)) continue;
        parts << tr("%1: %2, last %3, highest %4")
                     .arg(line.name, counted(static_cast<int64_t>(line.points.size()), tr("1 point"), tr("%1 points")),
                          formatSignificant(last), formatSignificant(highest));
    }
    return parts.join(QStringLiteral("; ")) + QLatin1Char('.');
}

AxisScale ChartCanvas::xScale() const {
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

AxisScale ChartCanvas::yScale() const {
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

ChartMap ChartCanvas::makeMap(const QSizeF& size, const Theme& theme) const {
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

ChartFrame ChartCanvas::makeFrame(const ChartMap& map, const Theme& theme) {
    ChartFrame frame;
    frame.map = map;
    m_hidden = 0;
    const int columns = static_cast<int>(map.plot.width());
    const auto add = [&](const ChartLine& line, std::span<const double> values, bool faint, int* hidden) {
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
        for (const Polyline& piece : splitAtGaps(line, values, m_axes.logY, hidden)) {
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
        add(line, m_smoothed[i], false, &m_hidden);
    }
    return frame;
}

void ChartCanvas::renderTo(QPainter& painter, const QSizeF& size, const Theme& theme) {
    const ChartMap map = makeMap(size, theme);
    std::vector<ShownLine> shown;
    for (size_t i = 0; i < m_lines.size(); ++i)
        shown.push_back({&m_lines[i], splitAtGaps(m_lines[i], m_smoothed[i], m_axes.logY)});
    painter.fillRect(QRectF({}, size), theme.color(Color::Surface));
    paintAxes(painter, map, m_axes.xTitle, theme);
    for (const ShownLine& line : shown)
        if (line.line->hatchBelow) paintForbidden(painter, line, map, theme);
    painter.setRenderHint(QPainter::Antialiasing);
    m_backend->draw(painter, size, makeFrame(map, theme));
    for (const ShownLine& line : shown) paintPointMarks(painter, line, map, theme);
    paintEndLabels(painter, shown, map, size.width() - theme.px(4), theme);
    m_map = map;
}

void ChartCanvas::refreshPicture() {
    const qreal ratio = devicePixelRatioF();
    const QSize wanted = size() * ratio;
    if (!m_stale && m_picture.size() == wanted && m_pictureGeneration == m_hub->generation()) return;
    m_picture = QPixmap(wanted);
    m_picture.setDevicePixelRatio(ratio);
    QPainter painter(&m_picture);
    renderTo(painter, size(), m_hub->theme());
    m_pictureGeneration = m_hub->generation();
    m_stale = false;
}

void ChartCanvas::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = m_hub->theme();
    if (isEmpty()) {
        painter.fillRect(rect(), theme.color(Color::Surface));
        painter.setFont(theme.ui);
        painter.setPen(theme.color(Color::Text2));
        painter.drawText(rect().adjusted(theme.px(12), theme.px(12), -theme.px(12), 0), Qt::TextWordWrap, m_emptyText);
    } else {
        refreshPicture();
        painter.drawPixmap(0, 0, m_picture);
        painter.setRenderHint(QPainter::Antialiasing);
        paintCrosshair(painter);
    }
    if (hasFocus() && (window()->testAttribute(Qt::WA_KeyboardFocusChange))) {
        painter.setPen(QPen(theme.color(Color::Accent), 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 5, 5);
    }
}

std::vector<ChartCanvas::Reading> ChartCanvas::readingsAt(double x) const {
    std::vector<Reading> readings;
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
        const bool level = m_lines[i].stair || points.size() <= 2;  // holds between its points
        const double span = m_map.x.max - m_map.x.min;
        if (!level && std::abs(points[nearest].x() - x) > span * 0.05) continue;
        readings.push_back({&m_lines[i], points[nearest].x(), points[nearest].y(), m_smoothed[i][nearest]});
    }
    return readings;
}

std::vector<double> ChartCanvas::crosshairStops() const {
    std::vector<double> stops;
    for (const ChartLine& line : m_lines) {
        if (line.role == LineRole::Fp32 || line.role == LineRole::Limit || line.points.size() < 2) continue;
        for (const QPointF& point : line.points) stops.push_back(point.x());
        break;
    }
    std::sort(stops.begin(), stops.end());
    return stops;
}

std::optional<double> ChartCanvas::nearestX(double x) const {
    const std::vector<double> stops = crosshairStops();
    if (stops.empty()) return std::nullopt;
    const auto after = std::lower_bound(stops.begin(), stops.end(), x);
    if (after == stops.begin()) return stops.front();
    if (after == stops.end()) return stops.back();
    return *after - x < x - *(after - 1) ? *after : *(after - 1);
}

void ChartCanvas::setCrosshair(std::optional<double> x) {
    if (m_link) m_link->set(x);
    m_crosshair = x;
    update();
}

void ChartCanvas::moveCrosshair(int steps) {
    const std::vector<double> stops = crosshairStops();
    if (stops.empty()) return;
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
    for (const Reading& reading : readingsAt(*m_crosshair)) {
        const Series style = lineStyle(*reading.line, theme);
        if (reading.line->role == LineRole::Limit || reading.line->role == LineRole::Fp32) continue;
        paintMark(painter, m_map.toPixel(reading.x, reading.shown), Marker::Circle, 3, style.color,
                  theme.color(Color::Surface));
    }
    if (m_inside || hasFocus()) paintTooltip(painter, *m_crosshair, pixel);
}

void ChartCanvas::paintTooltip(QPainter& painter, double x, double pixel) const {
    const Theme& theme = m_hub->theme();
    const std::vector<Reading> readings = readingsAt(x);
    if (readings.empty()) return;
    const int shown = std::min<int>(kTooltipRows, static_cast<int>(readings.size()));
    const int more = static_cast<int>(readings.size()) - shown;
    const double row = theme.px(19), pad = theme.px(10), sample = theme.px(20);
    const QFontMetricsF metrics(theme.small);
    double nameWidth = 0, valueWidth = 0;
    for (int i = 0; i < shown; ++i) {
        nameWidth = std::max(nameWidth, metrics.horizontalAdvance(readings[i].line->name));
        valueWidth = std::max(valueWidth, metrics.horizontalAdvance(formatSignificant(readings[i].shown)));
    }
    const QString title =
        (m_axes.xTitle.isEmpty() ? tr("x") : m_axes.xTitle) + QLatin1Char(' ') + QLocale().toString(x, 'g', 6);
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
    for (const Reading& reading : readingsAt(*m_crosshair))
        text += reading.line->name + QLatin1Char('\t') + QString::number(reading.x, 'g', 9) + QLatin1Char('\t') +
                QString::number(reading.raw, 'g', 9) + QLatin1Char('\t') + QString::number(reading.shown, 'g', 9) +
                QLatin1Char('\n');
    return text;
}

void ChartCanvas::mouseMoveEvent(QMouseEvent* event) {
    m_pointer = event->position();
    m_inside = true;
    if (isEmpty()) return;
    if (m_map.plot.adjusted(-8, -8, 8, 8).contains(m_pointer)) setCrosshair(nearestX(m_map.xAt(m_pointer.x())));
    update();
}

void ChartCanvas::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton && m_map.plot.contains(event->position())) m_dragFrom = event->position();
    QWidget::mousePressEvent(event);
}

void ChartCanvas::mouseReleaseEvent(QMouseEvent* event) {
    if (m_dragFrom && std::abs(event->position().x() - m_dragFrom->x()) > kDragPixels) {
        const double a = m_map.xAt(m_dragFrom->x()), b = m_map.xAt(event->position().x());
        m_zoom = std::minmax(a, b);
        m_stale = true;
    }
    m_dragFrom.reset();
    update();
}

void ChartCanvas::mouseDoubleClickEvent(QMouseEvent*) {
    m_zoom.reset();
    m_stale = true;
    update();
}

void ChartCanvas::leaveEvent(QEvent*) {
    m_inside = false;
    m_dragFrom.reset();
    setCrosshair(std::nullopt);
}

void ChartCanvas::focusOutEvent(QFocusEvent* event) {
    if (!m_inside) setCrosshair(std::nullopt);
    QWidget::focusOutEvent(event);
}

void ChartCanvas::keyPressEvent(QKeyEvent* event) {
    const int step = event->modifiers() & Qt::ShiftModifier ? 10 : 1;
    if (event->matches(QKeySequence::Copy)) {
        QApplication::clipboard()->setText(crosshairTable());
    } else if (event->key() == Qt::Key_Right) {
        moveCrosshair(step);
    } else if (event->key() == Qt::Key_Left) {
        moveCrosshair(-step);
    } else if (event->key() == Qt::Key_Home) {
        moveCrosshair(-1000000);
    } else if (event->key() == Qt::Key_End) {
        moveCrosshair(1000000);
    } else if (event->key() == Qt::Key_Escape && (m_crosshair || m_zoom)) {
        m_zoom.reset();
        m_stale = true;
        setCrosshair(std::nullopt);
    } else {
        QWidget::keyPressEvent(event);
    }
}

}  // namespace qat::ui
