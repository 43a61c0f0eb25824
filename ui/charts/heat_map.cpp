// One image, a pixel a cell, scaled without smoothing; everything else is painted over it.
#include "charts/heat_map.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "widgets/format.h"

namespace qat::ui {
namespace {

// model.2.m.0.cv1.conv -> 2; -1 for other names.
int blockOf(const QString& layer) {
    bool isNumber = false;
    const int block = layer.section(QLatin1Char('.'), 1, 1).toInt(&isNumber);
    return isNumber ? block : -1;
}

}  // namespace

HeatMap::HeatMap(ThemeHub* hub, SelectionHub* selection, QWidget* parent)
    : QWidget(parent), m_hub(hub), m_selection(selection) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Heat map of layers and epochs"));
    connect(hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
    connect(selection, &SelectionHub::changed, this, qOverload<>(&QWidget::update));
}

void HeatMap::setData(HeatData data) {
    m_data = std::move(data);
    m_image = {};
    double top = 0;
    for (const double value : m_data.values)
        if (std::isfinite(value)) top = std::max(top, value);
    m_top = top > 0 ? top : 1;
    setAccessibleDescription(tr("%1 layers over %2 epochs, highest value %3.")
                                 .arg(m_data.layers.size())
                                 .arg(m_data.epochs.size())
                                 .arg(formatSignificant(top)));
    update();
}

QRectF HeatMap::grid() const {
    const Theme& theme = m_hub->theme();
    return QRectF(rect()).adjusted(theme.px(64), theme.px(24), -theme.px(92), -theme.px(28));
}

int HeatMap::rowAt(QPointF position) const {
    const QRectF area = grid();
    if (m_data.layers.empty() || position.y() < area.top() || position.y() >= area.bottom()) return -1;
    return static_cast<int>((position.y() - area.top()) / area.height() * static_cast<double>(m_data.layers.size()));
}

int HeatMap::rowOf(LayerId layer) const {
    const auto found = std::find(m_data.layers.begin(), m_data.layers.end(), layer);
    return found == m_data.layers.end() ? -1 : static_cast<int>(found - m_data.layers.begin());
}

void HeatMap::paintRowRing(QPainter& painter, int row, const QColor& color, double width) const {
    if (row < 0) return;
    const QRectF area = grid();
    const double height = area.height() / static_cast<double>(m_data.layers.size());
    painter.setPen(QPen(color, width));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(
        QRectF(area.left(), area.top() + row * height, area.width(), height).adjusted(-1.5, -1.5, 1.5, 1.5));
}

void HeatMap::paintAxis(QPainter& painter) const {
    const Theme& theme = m_hub->theme();
    const QRectF area = grid();
    const auto columns = static_cast<int>(m_data.epochs.size());
    const int every = std::max(1, static_cast<int>(std::ceil(columns * theme.px(34) / std::max(1.0, area.width()))));
    painter.setFont(theme.caption);
    painter.setPen(theme.color(Color::Text2));
    for (int column = 0; column < columns; column += every) {
        const double x = area.left() + (column + 0.5) * area.width() / columns;
        painter.drawText(QRectF(x - 30, area.bottom() + 4, 60, theme.px(16)), Qt::AlignHCenter | Qt::AlignTop,
                         QString::number(m_data.epochs[static_cast<size_t>(column)]));
    }
    painter.drawText(QRectF(0, area.bottom() + 4, area.left() - theme.px(4), theme.px(16)),
                     Qt::AlignRight | Qt::AlignTop, tr("epoch"));
}

void HeatMap::paintPeaks(QPainter& painter) const {
    const Theme& theme = m_hub->theme();
    const QRectF area = grid();
    const double left = area.right() + theme.px(12), width = theme.px(68);
    const double height = area.height() / static_cast<double>(m_data.layers.size());
    painter.setFont(theme.caption);
    painter.setPen(theme.color(Color::Text2));
    painter.drawText(QRectF(left, area.top() - theme.px(20), width, theme.px(18)), Qt::AlignLeft | Qt::AlignVCenter,
                     tr("peak"));
    painter.setRenderHint(QPainter::Antialiasing, false);
    for (size_t row = 0; row < m_data.layers.size(); ++row) {
        double peak = 0;
        for (size_t column = 0; column < m_data.epochs.size(); ++column)
            if (std::isfinite(m_data.value(row, column))) peak = std::max(peak, m_data.value(row, column));
        const bool chosen = m_selection->selected().contains(m_data.layers[row]);
        const double thick = std::max(1.0, height - 1);
        painter.fillRect(QRectF(left, area.top() + static_cast<double>(row) * height, peak / m_top * width, thick),
                         theme.color(chosen ? Color::Accent : Color::Control));
    }
}

void HeatMap::paintBlocks(QPainter& painter) const {
    const Theme& theme = m_hub->theme();
    const QRectF area = grid();
    const double height = area.height() / static_cast<double>(m_data.layers.size());
    painter.setFont(theme.caption);
    double lastLabel = -1000;
    for (size_t row = 0; row < m_data.layers.size(); ++row) {
        const int block = blockOf(m_data.labels.value(static_cast<qsizetype>(row)));
        if (block < 0 || (row > 0 && block == blockOf(m_data.labels[static_cast<qsizetype>(row) - 1]))) continue;
        const double y = area.top() + static_cast<double>(row) * height;
        painter.setPen(QPen(theme.color(Color::ChartAxis), 1));
        painter.drawLine(QPointF(area.left() - theme.px(8), std::round(y) + 0.5),
                         QPointF(area.left() - 3, std::round(y) + 0.5));
        if (y - lastLabel < theme.px(13)) continue;
        painter.setPen(theme.color(Color::Text2));
        painter.drawText(QRectF(0, y - 1, area.left() - theme.px(11), theme.px(14)), Qt::AlignRight | Qt::AlignVCenter,
                         QString::number(block));
        lastLabel = y;
    }
    painter.setPen(theme.color(Color::Text2));
    painter.drawText(QRectF(theme.px(12), area.top() - theme.px(20), area.left() + 40, theme.px(18)),
                     Qt::AlignLeft | Qt::AlignVCenter, tr("block"));
}

void HeatMap::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = m_hub->theme();
    painter.fillRect(rect(), theme.color(Color::Surface));
    if (m_data.layers.empty() || m_data.epochs.empty()) return;
    if (m_image.isNull() || m_imageGeneration != m_hub->generation()) {
        m_image = QImage(static_cast<int>(m_data.epochs.size()), static_cast<int>(m_data.layers.size()),
                         QImage::Format_RGB32);
        for (size_t row = 0; row < m_data.layers.size(); ++row)
            for (size_t column = 0; column < m_data.epochs.size(); ++column) {
                const double value = m_data.value(row, column);
                const QColor color = std::isfinite(value) ? theme.ember(value / m_top) : theme.color(Color::Sunken);
                m_image.setPixelColor(static_cast<int>(column), static_cast<int>(row), color);
            }
        m_imageGeneration = m_hub->generation();
    }
    painter.drawImage(grid(), m_image);
    paintAxis(painter);
    paintPeaks(painter);
    paintBlocks(painter);
    painter.setRenderHint(QPainter::Antialiasing);
    paintRowRing(painter, rowOf(m_selection->hovered()), theme.color(Color::Text3), 1);
    for (const LayerId layer : m_selection->selected())
        paintRowRing(painter, rowOf(layer), theme.color(Color::Accent), 2);
    if (!hasFocus() || !window()->testAttribute(Qt::WA_KeyboardFocusChange)) return;
    painter.setPen(QPen(theme.color(Color::Accent), 2));
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 5, 5);
}

QString HeatMap::cellText(QPointF position) const {
    const int row = rowAt(position);
    const QRectF area = grid();
    if (row < 0 || position.x() < area.left() || position.x() >= area.right()) return {};
    const auto columns = static_cast<double>(m_data.epochs.size());
    const auto column = static_cast<size_t>((position.x() - area.left()) / area.width() * columns);
    return tr("%1, epoch %2: %3")
        .arg(m_data.labels.value(row))
        .arg(m_data.epochs[column])
        .arg(formatPercent(m_data.value(static_cast<size_t>(row), column)));
}

void HeatMap::mouseMoveEvent(QMouseEvent* event) {
    const int row = rowAt(event->position());
    m_selection->hover(row < 0 ? kNoLayer : m_data.layers[static_cast<size_t>(row)], this);
}

void HeatMap::selectRow(int row, Qt::KeyboardModifiers modifiers) {
    if (row < 0 || row >= static_cast<int>(m_data.layers.size())) return;
    const LayerId layer = m_data.layers[static_cast<size_t>(row)];
    if (modifiers & Qt::ControlModifier)
        m_selection->toggle(layer, this);
    else
        m_selection->select({layer}, this, layer);
}

void HeatMap::mousePressEvent(QMouseEvent* event) {
    selectRow(rowAt(event->position()), event->modifiers());
}

void HeatMap::mouseDoubleClickEvent(QMouseEvent* event) {
    const int row = rowAt(event->position());
    if (row >= 0) Q_EMIT m_selection->inspectLayer(m_data.layers[static_cast<size_t>(row)]);
}

void HeatMap::leaveEvent(QEvent*) {
    m_selection->hover(kNoLayer, this);
}

void HeatMap::keyPressEvent(QKeyEvent* event) {
    const int row = rowOf(m_selection->current()), last = static_cast<int>(m_data.layers.size()) - 1;
    switch (event->key()) {
        case Qt::Key_Down:
            return selectRow(std::min(last, row + 1), {});
        case Qt::Key_Up:
            return selectRow(std::max(0, row - 1), {});
        case Qt::Key_Home:
            return selectRow(0, {});
        case Qt::Key_End:
            return selectRow(last, {});
        case Qt::Key_Escape:
            return m_selection->select({}, this);
        default:
            QWidget::keyPressEvent(event);
    }
}

bool HeatMap::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip) return QWidget::event(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    QToolTip::showText(help->globalPos(), cellText(help->pos()), this);
    return true;
}

EmberLegend::EmberLegend(ThemeHub* hub, QWidget* parent) : QWidget(parent), m_hub(hub) {
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    connect(hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
}

void EmberLegend::setEnds(const QString& low, const QString& high) {
    m_low = low;
    m_high = high;
    setToolTip(tr("Colours from %1 to %2").arg(low, high));
    updateGeometry();
    update();
}

QSize EmberLegend::sizeHint() const {
    const QFontMetrics metrics(m_hub->theme().caption);
    return {metrics.horizontalAdvance(m_low + m_high) + m_hub->px(96), m_hub->px(20)};
}

void EmberLegend::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = m_hub->theme();
    painter.setFont(theme.caption);
    painter.setPen(theme.color(Color::Text2));
    const double low = QFontMetricsF(theme.caption).horizontalAdvance(m_low) + theme.px(6);
    const int bar = theme.px(80);
    painter.drawText(QRectF(0, 0, low, height()), Qt::AlignVCenter, m_low);
    painter.drawText(QRectF(low + bar + theme.px(6), 0, width(), height()), Qt::AlignVCenter, m_high);
    for (int x = 0; x < bar; ++x)
        painter.fillRect(QRectF(low + x, height() / 2.0 - theme.px(4), 1, theme.px(8)),
                         theme.ember(double(x) / (bar - 1)));
}

}  // namespace qat::ui
