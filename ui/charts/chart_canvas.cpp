// Layout of a chart, its cached picture, and what the pointer and the keys do on it. Its crosshair is in
// chart_crosshair.cpp.
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
constexpr double kDragPixels = 6;
}  // namespace

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
