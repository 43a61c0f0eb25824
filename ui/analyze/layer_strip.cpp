// Cells in the sequential colours on a root scale, so that small values stay apart from zero.
#include "analyze/layer_strip.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "widgets/format.h"

namespace qat::ui {

LayerStrip::LayerStrip(ThemeHub* hub, SelectionHub* selection, QWidget* parent)
    : QWidget(parent), m_hub(hub), m_selection(selection) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(tr("All layers"));
    connect(hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
    connect(selection, &SelectionHub::changed, this, qOverload<>(&QWidget::update));
}

QSize LayerStrip::sizeHint() const {
    return {m_hub->px(900), static_cast<int>(m_rows.size()) * m_hub->px(22) + m_hub->px(36)};
}

void LayerStrip::setLayers(std::vector<LayerId> layers, QStringList names, std::vector<StripRow> rows) {
    m_layers = std::move(layers);
    m_names = std::move(names);
    m_rows = std::move(rows);
    setAccessibleDescription(
        counted(static_cast<int64_t>(m_layers.size()), tr("1 layer"), tr("%1 layers in execution order")));
    updateGeometry();
    update();
}

QRectF LayerStrip::cell(size_t column, size_t row) const {
    const double left = m_hub->px(92), right = width() - m_hub->px(16);
    const double each = (right - left) / std::max<size_t>(1, m_layers.size());
    return {left + each * static_cast<double>(column), m_hub->px(10) + static_cast<double>(row) * m_hub->px(22), each,
            static_cast<double>(m_hub->px(20))};
}

int LayerStrip::columnAt(double x) const {
    if (m_layers.empty()) return -1;
    const QRectF first = cell(0, 0);
    const int column = static_cast<int>(std::floor((x - first.left()) / first.width()));
    return column >= 0 && column < static_cast<int>(m_layers.size()) ? column : -1;
}

int LayerStrip::columnOf(LayerId layer) const {
    const auto found = std::find(m_layers.begin(), m_layers.end(), layer);
    return found == m_layers.end() ? -1 : static_cast<int>(found - m_layers.begin());
}

void LayerStrip::paintRow(QPainter& painter, size_t row) const {
    const Theme& theme = m_hub->theme();
    const StripRow& strip = m_rows[row];
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const double value : strip.values)
        if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
    painter.setFont(theme.caption);
    painter.setPen(theme.color(Color::Text2));
    painter.drawText(QRectF(m_hub->px(12), cell(0, row).top(), m_hub->px(78), cell(0, row).height()), Qt::AlignVCenter,
                     strip.title);
    const double zero = strip.lowIsBad ? high : std::min(0.0, std::max(low, 0.0));
    const double span = strip.lowIsBad ? high - low : high - zero;
    for (size_t column = 0; column < m_layers.size(); ++column) {
        const double value = column < strip.values.size() ? strip.values[column] : std::nan("");
        const QRectF area = cell(column, row).adjusted(0.5, 0, -0.5, 0);
        QColor fill = theme.color(Color::Sunken);
        if (strip.bits && value > 0)
            fill = theme.color(value <= 4 ? Color::Bits4 : value <= 8 ? Color::Bits8 : Color::Sunken);
        else if (!strip.bits && std::isfinite(value) && span > 0)
            fill =
                theme.ember(std::sqrt(std::max(0.0, strip.lowIsBad ? (high - value) / span : (value - zero) / span)));
        painter.fillRect(area, fill);
        if (!strip.bits || !std::isfinite(value) || area.width() < m_hub->px(8)) continue;
        painter.setPen(theme.color(Color::Text));
        painter.drawText(area, Qt::AlignCenter,
                         value > 0 ? QString::number(static_cast<int>(value)) : QStringLiteral("F"));
    }
}

void LayerStrip::paintBlocks(QPainter& painter) const {
    const Theme& theme = m_hub->theme();
    const double top = cell(0, m_rows.size()).top();
    painter.setFont(theme.caption);
    QString last;
    double occupied = -1;
    for (size_t column = 0; column < m_layers.size(); ++column) {
        const QString block = m_names.value(static_cast<qsizetype>(column)).section(QLatin1Char('.'), 1, 1);
        if (block == last) continue;
        last = block;
        const double x = std::round(cell(column, 0).left()) + 0.5;
        painter.setPen(QPen(theme.color(Color::ChartAxis), 1));
        painter.drawLine(QPointF(x, top), QPointF(x, top + m_hub->px(6)));
        if (x < occupied) continue;
        painter.setPen(theme.color(Color::Text2));
        painter.drawText(QPointF(x + 3, top + m_hub->px(12)), block);
        occupied = x + 6 + painter.fontMetrics().horizontalAdvance(block);
    }
}

void LayerStrip::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = m_hub->theme();
    painter.fillRect(rect(), theme.color(Color::Surface));
    if (m_layers.empty()) return;
    for (size_t row = 0; row < m_rows.size(); ++row) paintRow(painter, row);
    paintBlocks(painter);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    const auto ring = [&](int column, const QColor& color, double width) {
        if (column < 0) return;
        const QRectF area =
            cell(static_cast<size_t>(column), 0).united(cell(static_cast<size_t>(column), m_rows.size() - 1));
        painter.setPen(QPen(color, width));
        painter.drawRoundedRect(area.adjusted(-1.5, -1.5, 1.5, 1.5), 2, 2);
    };
    ring(columnOf(m_selection->hovered()), theme.color(Color::Text3), 1);
    for (const LayerId layer : m_selection->selected()) ring(columnOf(layer), theme.color(Color::Accent), 2);
    if (!hasFocus() || !window()->testAttribute(Qt::WA_KeyboardFocusChange)) return;
    painter.setPen(QPen(theme.color(Color::Accent), 2));
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 5, 5);
}

void LayerStrip::choose(int column, Qt::KeyboardModifiers modifiers) {
    if (column < 0 || column >= static_cast<int>(m_layers.size())) return;
    const LayerId layer = m_layers[static_cast<size_t>(column)];
    if (modifiers & Qt::ControlModifier) return m_selection->toggle(layer, this);
    if (!(modifiers & Qt::ShiftModifier)) return m_selection->select({layer}, this, layer);
    QSet<LayerId> range;
    const int from = std::max(0, columnOf(m_selection->current()));
    for (int i = std::min(from, column); i <= std::max(from, column); ++i)
        range.insert(m_layers[static_cast<size_t>(i)]);
    m_selection->select(range, this, layer);
}

void LayerStrip::mouseMoveEvent(QMouseEvent* event) {
    const int column = columnAt(event->position().x());
    m_selection->hover(column < 0 ? kNoLayer : m_layers[static_cast<size_t>(column)], this);
}
void LayerStrip::mousePressEvent(QMouseEvent* event) {
    choose(columnAt(event->position().x()), event->modifiers());
}
void LayerStrip::mouseDoubleClickEvent(QMouseEvent* event) {
    const int column = columnAt(event->position().x());
    if (column >= 0) Q_EMIT m_selection->inspectLayer(m_layers[static_cast<size_t>(column)]);
}
void LayerStrip::leaveEvent(QEvent*) {
    m_selection->hover(kNoLayer, this);
}

void LayerStrip::keyPressEvent(QKeyEvent* event) {
    const int column = columnOf(m_selection->current()), last = static_cast<int>(m_layers.size()) - 1;
    switch (event->key()) {
        case Qt::Key_Right:
            return choose(std::min(last, column + 1), {});
        case Qt::Key_Left:
            return choose(std::max(0, column - 1), {});
        case Qt::Key_Home:
            return choose(0, {});
        case Qt::Key_End:
            return choose(last, {});
        case Qt::Key_Escape:
            return m_selection->select({}, this);
        default:
            QWidget::keyPressEvent(event);
    }
}

bool LayerStrip::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip) return QWidget::event(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    const int column = columnAt(help->pos().x());
    QStringList lines;
    if (column >= 0) {
        lines << m_names.value(column);
        for (const StripRow& row : m_rows)
            if (static_cast<size_t>(column) < row.values.size())
                lines << row.title + QLatin1Char(' ') + formatSignificant(row.values[static_cast<size_t>(column)]);
    }
    QToolTip::showText(help->globalPos(), lines.join(QLatin1Char('\n')), this);
    return true;
}

}  // namespace qat::ui
