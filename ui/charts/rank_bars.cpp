// Painting and selection of the sorted bars.
#include "charts/rank_bars.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <algorithm>
#include <cmath>

#include "widgets/format.h"

namespace qat::ui {
namespace {

constexpr double kFewPixels = 300;     // a bar that is 300 times shorter than the longest is no pixel
constexpr double kMostDecades = 1e-5;  // below the largest value
constexpr double kShortestBar = 64;    // px at the base font, of the longest

}  // namespace

RankBars::RankBars(ThemeHub* hub, SelectionHub* selection, QWidget* parent)
    : QAbstractScrollArea(parent), m_hub(hub), m_selection(selection), m_scale(linearScale(0, 1, 4, true)) {
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    viewport()->setMouseTracking(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    connect(hub, &ThemeHub::changed, viewport(), qOverload<>(&QWidget::update));
    connect(selection, &SelectionHub::changed, this, &RankBars::followHub);
}

int RankBars::rowHeight() const {
    return m_hub->px(24);
}
int RankBars::axisHeight() const {
    return m_hub->px(24);
}
QSize RankBars::sizeHint() const {
    return {m_hub->px(440), m_hub->px(400)};
}

void RankBars::setBars(std::vector<RankBar> bars, const NumberForm& form) {
    m_given = std::move(bars);
    m_form = form;
    sort();
}

void RankBars::setLogarithmic(bool on) {
    m_logarithmic = on;
    rescale();
    viewport()->update();
}

bool RankBars::needsLog(const std::vector<RankBar>& bars) {
    std::vector<double> above;
    for (const RankBar& bar : bars) {
        if (bar.value < 0) return false;
        if (std::isfinite(bar.value) && bar.value > 0) above.push_back(bar.value);
    }
    if (above.size() < 3) return false;
    std::ranges::sort(above);
    return above.back() > kFewPixels * above[above.size() / 2];
}

// In the unit of the numbers.
double RankBars::scaled(double value) const {
    return value / std::pow(10.0, m_form.exponent);
}

QString RankBars::numberOf(int row) const {
    const double value = m_bars[static_cast<size_t>(row)].value;
    return std::isfinite(value) ? formatIn(m_form, value) : tr("not finite");
}

void RankBars::setOrder(Order order) {
    m_order = order;
    sort();
}

void RankBars::sort() {
    m_bars = m_given;
    const bool largest = m_order == Order::Largest;
    if (m_order != Order::Network)
        std::stable_sort(m_bars.begin(), m_bars.end(), [largest](const RankBar& a, const RankBar& b) {
            if (std::isfinite(a.value) != std::isfinite(b.value)) return std::isfinite(a.value);
            if (!std::isfinite(a.value)) return false;
            return largest ? a.value > b.value : a.value < b.value;
        });
    rescale();
    m_anchor = -1;
    refit();
    describe();
}

void RankBars::rescale() {
    double low = 0, high = 0, least = 0;
    for (const RankBar& bar : m_bars) {
        if (!std::isfinite(bar.value)) continue;
        low = std::min({low, bar.value, bar.low.value_or(bar.value)});
        high = std::max({high, bar.value, bar.high.value_or(bar.value)});
        if (bar.value > 0) least = least > 0 ? std::min(least, bar.value) : bar.value;
    }
    if (m_logarithmic && high > 0)
        m_scale = logScale(scaled(std::max(least, high * kMostDecades)), scaled(high));
    else
        m_scale = linearScale(scaled(low), scaled(high), 4, false);
}

void RankBars::refit() {
    const int content = static_cast<int>(m_bars.size()) * rowHeight() + m_hub->px(6);
    const int shown = viewport()->height() - axisHeight();
    verticalScrollBar()->setRange(0, std::max(0, content - shown));
    verticalScrollBar()->setPageStep(std::max(1, shown));
    verticalScrollBar()->setSingleStep(rowHeight());
    viewport()->update();
}

void RankBars::describe() {
    if (m_bars.empty()) return setAccessibleDescription(tr("No layers."));
    const int row = rowOf(m_selection->current());
    const RankBar& bar = m_bars[static_cast<size_t>(std::max(0, row))];
    setAccessibleDescription(tr("%1, sorted. %2: %3, rank %4.")
                                 .arg(counted(static_cast<int64_t>(m_bars.size()), tr("1 layer"), tr("%1 layers")),
                                      bar.label, numberOf(std::max(0, row)) + unitOf(m_form))
                                 .arg(std::max(0, row) + 1));
}

QRect RankBars::barRect(int row) const {
    return {0, axisHeight() + row * rowHeight() - verticalScrollBar()->value(), viewport()->width(), rowHeight()};
}

int RankBars::rowAt(QPoint position) const {
    if (position.y() < axisHeight()) return -1;
    const int row = (position.y() - axisHeight() + verticalScrollBar()->value()) / rowHeight();
    return row < static_cast<int>(m_bars.size()) ? row : -1;
}

int RankBars::rowOf(LayerId layer) const {
    for (size_t row = 0; row < m_bars.size(); ++row)
        if (m_bars[row].layer == layer) return static_cast<int>(row);
    return -1;
}

void RankBars::ensureVisible(int row) {
    QScrollBar* bar = verticalScrollBar();
    const int top = row * rowHeight(), bottom = top + rowHeight();
    const int shown = viewport()->height() - axisHeight();
    if (top < bar->value())
        bar->setValue(top);
    else if (bottom > bar->value() + shown)
        bar->setValue(bottom - shown);
}

RankBars::Columns RankBars::columns() const {
    const Theme& theme = m_hub->theme();
    const QFontMetricsF code(theme.smallCode), numbers(theme.small);
    double widest = 0, value = 0;
    for (const RankBar& bar : m_bars) {
        widest = std::max(widest, code.horizontalAdvance(bar.label));
        value = std::max(value, numbers.horizontalAdvance(formatIn(m_form, bar.value)));
    }
    Columns at{};
    const double width = viewport()->width();
    at.valueRight = width - theme.px(12);
    // Names first: bars that are short still rank, names that are cut name nothing.
    const double room = at.valueRight - value - theme.px(20 + kShortestBar);
    at.nameRight = std::min(theme.px(12) + widest, std::max(width * 0.3, room));
    at.barLeft = at.nameRight + theme.px(10);
    at.barRight = std::max(at.barLeft + 20, at.valueRight - value - theme.px(10));
    return at;
}

void RankBars::paintAxis(QPainter& painter, const Columns& at) const {
    const Theme& theme = m_hub->theme();
    painter.fillRect(QRect(0, 0, viewport()->width(), axisHeight()), theme.color(Color::Surface));
    painter.setFont(theme.caption);
    painter.setPen(theme.color(Color::Text2));
    double free = 0;  // right end of the label before
    for (const double tick : m_scale.ticks) {
        const double x = at.barLeft + m_scale.shareOf(tick) * (at.barRight - at.barLeft);
        const double half = painter.fontMetrics().horizontalAdvance(m_scale.label(tick)) / 2.0;
        if (x - half < free) continue;
        free = x + half + theme.px(6);
        painter.drawText(QRectF(x - 40, 0, 80, axisHeight() - 4), Qt::AlignHCenter | Qt::AlignBottom,
                         m_scale.label(tick));
    }
}

void RankBars::paintBar(QPainter& painter, const RankBar& bar, const QRectF& area, const Columns& at) const {
    const Theme& theme = m_hub->theme();
    if (!std::isfinite(bar.value)) return;
    const auto x = [&](double value) {
        return at.barLeft + std::clamp(m_scale.shareOf(scaled(value)), 0.0, 1.0) * (at.barRight - at.barLeft);
    };
    const double zero = m_scale.log ? at.barLeft : x(0), end = x(bar.value), middle = area.center().y();
    const QRectF fill =
        QRectF(QPointF(zero, middle - theme.px(4.5)), QPointF(end, middle + theme.px(4.5))).normalized();
    if (bar.withinNoise) {
        painter.setPen(QPen(theme.color(Color::Control), 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(fill.adjusted(0.5, 0.5, -0.5, -0.5));
    } else {
        QColor color = theme.color(Color::Quant);
        color.setAlphaF(0.86f);
        painter.fillRect(fill, color);
    }
    if (!bar.low || !bar.high) return;
    painter.setPen(QPen(theme.color(Color::Text), 1.2));
    painter.drawLine(QPointF(x(*bar.low), middle), QPointF(x(*bar.high), middle));
    for (const double bound : {*bar.low, *bar.high})
        painter.drawLine(QPointF(x(bound), middle - 3), QPointF(x(bound), middle + 3));
}

void RankBars::paintRow(QPainter& painter, int row, const Columns& at) const {
    const Theme& theme = m_hub->theme();
    const RankBar& bar = m_bars[static_cast<size_t>(row)];
    const QRect area = barRect(row);
    const bool selected = m_selection->selected().contains(bar.layer);
    const bool current = m_selection->current() == bar.layer;
    if (selected) {
        painter.fillRect(area, theme.color(Color::AccentSoft));
        painter.fillRect(QRect(area.left(), area.top(), 3, area.height()), theme.color(Color::Accent));
    } else if (m_selection->hovered() == bar.layer) {
        painter.fillRect(area, theme.color(Color::Hover));
    }
    painter.setFont(theme.smallCode);
    painter.setPen(theme.color(bar.withinNoise ? Color::Text3 : Color::Text));
    const QRectF name(theme.px(12), area.top(), at.nameRight - theme.px(12), area.height());
    painter.drawText(name, Qt::AlignRight | Qt::AlignVCenter,
                     QFontMetricsF(theme.smallCode).elidedText(bar.label, Qt::ElideMiddle, name.width()));
    paintBar(painter, bar, area, at);
    painter.setFont(theme.small);
    painter.setPen(theme.color(bar.withinNoise ? Color::Text3 : Color::Text));
    painter.drawText(QRectF(0, area.top(), at.valueRight, area.height()), Qt::AlignRight | Qt::AlignVCenter,
                     numberOf(row));
    if (current && hasFocus()) {
        painter.setPen(QPen(theme.color(Color::Accent), 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(area.adjusted(0, 0, -1, -1));
    }
}

void RankBars::paintEvent(QPaintEvent* event) {
    QPainter painter(viewport());
    const Theme& theme = m_hub->theme();
    painter.fillRect(event->rect(), theme.color(Color::Surface));
    if (m_bars.empty()) return;
    const Columns at = columns();
    for (const double tick : m_scale.ticks) {
        const double x = std::round(at.barLeft + m_scale.shareOf(tick) * (at.barRight - at.barLeft)) + 0.5;
        painter.setPen(QPen(theme.color(tick == 0 ? Color::ChartAxis : Color::ChartGrid), 1));
        painter.drawLine(QPointF(x, axisHeight()), QPointF(x, viewport()->height()));
    }
    for (int row = 0; row < static_cast<int>(m_bars.size()); ++row)
        if (barRect(row).intersects(event->rect())) paintRow(painter, row, at);
    paintAxis(painter, at);
}

void RankBars::resizeEvent(QResizeEvent*) {
    refit();
}

void RankBars::selectRow(int row, Qt::KeyboardModifiers modifiers) {
    if (row < 0 || row >= static_cast<int>(m_bars.size())) return;
    const LayerId layer = m_bars[static_cast<size_t>(row)].layer;
    if (modifiers & Qt::ControlModifier) {
        m_selection->toggle(layer, this);
    } else if (modifiers & Qt::ShiftModifier) {
        const int anchor = m_anchor >= 0 ? m_anchor : std::max(0, rowOf(m_selection->current()));
        QSet<LayerId> range;
        for (int i = std::min(anchor, row); i <= std::max(anchor, row); ++i)
            range.insert(m_bars[static_cast<size_t>(i)].layer);
        m_anchor = anchor;
        m_selection->select(range, this, layer);
    } else {
        m_selection->select({layer}, this, layer);
    }
    if (!(modifiers & Qt::ShiftModifier)) m_anchor = row;
    ensureVisible(row);
    describe();
    viewport()->update();
}

void RankBars::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) selectRow(rowAt(event->position().toPoint()), event->modifiers());
}

void RankBars::mouseDoubleClickEvent(QMouseEvent* event) {
    const int row = rowAt(event->position().toPoint());
    if (row >= 0) Q_EMIT m_selection->inspectLayer(m_bars[static_cast<size_t>(row)].layer);
}

void RankBars::mouseMoveEvent(QMouseEvent* event) {
    const int row = rowAt(event->position().toPoint());
    m_selection->hover(row < 0 ? kNoLayer : m_bars[static_cast<size_t>(row)].layer, this);
    viewport()->update();
}

bool RankBars::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::Leave) {
        m_selection->hover(kNoLayer, this);
        viewport()->update();
    }
    return QAbstractScrollArea::viewportEvent(event);
}

void RankBars::keyPressEvent(QKeyEvent* event) {
    const int last = static_cast<int>(m_bars.size()) - 1;
    const int row = rowOf(m_selection->current());
    const int page = std::max(1, (viewport()->height() - axisHeight()) / rowHeight() - 1);
    const auto modifiers = event->modifiers() & Qt::ShiftModifier;
    switch (event->key()) {
        case Qt::Key_Down:
            return selectRow(std::min(last, row + 1), modifiers);
        case Qt::Key_Up:
            return selectRow(std::max(0, row - 1), modifiers);
        case Qt::Key_PageDown:
            return selectRow(std::min(last, row + page), modifiers);
        case Qt::Key_PageUp:
            return selectRow(std::max(0, row - page), modifiers);
        case Qt::Key_Home:
            return selectRow(0, modifiers);
        case Qt::Key_End:
            return selectRow(last, modifiers);
        case Qt::Key_Escape:
            m_selection->select({}, this);
            return viewport()->update();
        case Qt::Key_Return:
        case Qt::Key_Enter:
            if (row >= 0) Q_EMIT m_selection->inspectLayer(m_selection->current());
            return;
        default:
            QAbstractScrollArea::keyPressEvent(event);
    }
}

void RankBars::focusInEvent(QFocusEvent*) {
    viewport()->update();
}
void RankBars::focusOutEvent(QFocusEvent*) {
    viewport()->update();
}

void RankBars::followHub(SelectionHub::Parts parts, const void* origin) {
    viewport()->update();
    if (origin == this || !(parts & SelectionHub::Current)) return;
    const int row = rowOf(m_selection->current());
    if (row >= 0) ensureVisible(row);
    describe();
}

}  // namespace qat::ui
