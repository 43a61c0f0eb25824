// The cached picture of a chart, and what the pointer and the keys do on it. Its crosshair is in
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
    m_content.setLines(std::move(lines));
    m_stale = true;
    setAccessibleDescription(summary());
    update();
}

void ChartCanvas::setAxes(const ChartAxes& axes) {
    m_content.setAxes(axes);
    m_stale = true;
    update();
}

QString ChartCanvas::summary() const {
    return m_content.isEmpty() ? m_emptyText : m_content.summary();
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

void ChartCanvas::renderTo(QPainter& painter, const QSizeF& size, const Theme& theme) {
    const ChartMap map = m_content.map(size, theme);
    const auto& lines = m_content.lines();
    const ChartAxes& axes = m_content.axes();
    std::vector<ShownLine> shown;
    for (size_t i = 0; i < lines.size(); ++i)
        shown.push_back({&lines[i], splitAtGaps(lines[i], m_content.smoothed()[i], axes.logY)});
    painter.fillRect(QRectF({}, size), theme.color(Color::Surface));
    paintAxes(painter, map, axes.xTitle, theme);
    for (const ShownLine& line : shown)
        if (line.line->hatchBelow) paintForbidden(painter, line, map, theme);
    painter.setRenderHint(QPainter::Antialiasing);
    m_hidden = 0;
    m_backend->draw(painter, size, m_content.frame(map, theme, m_hidden));
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
    if (m_content.isEmpty()) {
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
    if (m_content.isEmpty()) return;
    if (m_map.plot.adjusted(-8, -8, 8, 8).contains(m_pointer))
        setCrosshair(m_content.nearestStop(m_map.xAt(m_pointer.x())));
    update();
}

void ChartCanvas::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton && m_map.plot.contains(event->position())) m_dragFrom = event->position();
    QWidget::mousePressEvent(event);
}

void ChartCanvas::mouseReleaseEvent(QMouseEvent* event) {
    if (m_dragFrom && std::abs(event->position().x() - m_dragFrom->x()) > kDragPixels) {
        const double a = m_map.xAt(m_dragFrom->x()), b = m_map.xAt(event->position().x());
        m_content.setZoom(std::minmax(a, b));
        m_stale = true;
    }
    m_dragFrom.reset();
    update();
}

void ChartCanvas::mouseDoubleClickEvent(QMouseEvent*) {
    m_content.setZoom(std::nullopt);
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
    } else if (event->key() == Qt::Key_Escape && (m_crosshair || m_content.isZoomed())) {
        m_content.setZoom(std::nullopt);
        m_stale = true;
        setCrosshair(std::nullopt);
    } else {
        QWidget::keyPressEvent(event);
    }
}

}  // namespace qat::ui
