// Scrolling and selection of the sorted bars.
#include "charts/rank_bars.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <algorithm>

#include "widgets/format.h"

namespace qat::ui {
namespace {

int rowHeight(const ThemeHub& hub) {
    return hub.px(24);
}

int axisHeight(const ThemeHub& hub) {
    return hub.px(24);
}

int rowOf(const std::vector<RankBar>& bars, LayerId layer) {
    const auto found = std::ranges::find(bars, layer, &RankBar::layer);
    return found == bars.end() ? -1 : static_cast<int>(found - bars.begin());
}

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
    m_scale = rankScale(m_bars, m_form, m_logarithmic);
    viewport()->update();
}

QString RankBars::numberOf(int row) const {
    return rankNumber(m_bars[static_cast<size_t>(row)], m_form);
}

void RankBars::setOrder(RankOrder order) {
    m_order = order;
    sort();
}

void RankBars::sort() {
    m_bars = ranked(m_given, m_order);
    m_scale = rankScale(m_bars, m_form, m_logarithmic);
    m_anchor = -1;
    refit();
    describe();
}

void RankBars::refit() {
    const int content = static_cast<int>(m_bars.size()) * rowHeight(*m_hub) + m_hub->px(6);
    const int shown = viewport()->height() - axisHeight(*m_hub);
    verticalScrollBar()->setRange(0, std::max(0, content - shown));
    verticalScrollBar()->setPageStep(std::max(1, shown));
    verticalScrollBar()->setSingleStep(rowHeight(*m_hub));
    viewport()->update();
}

void RankBars::describe() {
    if (m_bars.empty()) return setAccessibleDescription(tr("No layers."));
    const int row = rowOf(m_bars, m_selection->current());
    const RankBar& bar = m_bars[static_cast<size_t>(std::max(0, row))];
    setAccessibleDescription(tr("%1, sorted. %2: %3, rank %4.")
                                 .arg(counted(static_cast<int64_t>(m_bars.size()), tr("1 layer"), tr("%1 layers")),
                                      bar.label, numberOf(std::max(0, row)) + unitOf(m_form))
                                 .arg(std::max(0, row) + 1));
}

QRect RankBars::barRect(int row) const {
    return {0, axisHeight(*m_hub) + row * rowHeight(*m_hub) - verticalScrollBar()->value(), viewport()->width(),
            rowHeight(*m_hub)};
}

int RankBars::rowAt(QPoint position) const {
    if (position.y() < axisHeight(*m_hub)) return -1;
    const int row = (position.y() - axisHeight(*m_hub) + verticalScrollBar()->value()) / rowHeight(*m_hub);
    return row < static_cast<int>(m_bars.size()) ? row : -1;
}

void RankBars::ensureVisible(int row) {
    QScrollBar* bar = verticalScrollBar();
    const int top = row * rowHeight(*m_hub), bottom = top + rowHeight(*m_hub);
    const int shown = viewport()->height() - axisHeight(*m_hub);
    if (top < bar->value())
        bar->setValue(top);
    else if (bottom > bar->value() + shown)
        bar->setValue(bottom - shown);
}

void RankBars::paintEvent(QPaintEvent* event) {
    QPainter painter(viewport());
    const Theme& theme = m_hub->theme();
    painter.fillRect(event->rect(), theme.color(Color::Surface));
    if (m_bars.empty()) return;
    const RankColumns columns = rankColumns(m_bars, m_form, viewport()->width(), theme);
    const RankPainter paint(painter, theme, m_scale, m_form, columns);
    paint.grid(axisHeight(*m_hub), viewport()->height());
    for (int row = 0; row < static_cast<int>(m_bars.size()); ++row) {
        const RankBar& bar = m_bars[static_cast<size_t>(row)];
        const bool current = m_selection->current() == bar.layer;
        if (barRect(row).intersects(event->rect()))
            paint.row(bar, barRect(row),
                      {m_selection->selected().contains(bar.layer), m_selection->hovered() == bar.layer,
                       current && hasFocus()});
    }
    paint.axis(QRectF(0, 0, viewport()->width(), axisHeight(*m_hub)));
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
        const int anchor = m_anchor >= 0 ? m_anchor : std::max(0, rowOf(m_bars, m_selection->current()));
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
    const int row = rowOf(m_bars, m_selection->current());
    const int page = std::max(1, (viewport()->height() - axisHeight(*m_hub)) / rowHeight(*m_hub) - 1);
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
    const int row = rowOf(m_bars, m_selection->current());
    if (row >= 0) ensureVisible(row);
    describe();
}

}  // namespace qat::ui
