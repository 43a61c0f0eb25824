// Bars above the track: pale left of the handle, where they are cut away.
#include "compare/threshold_slider.h"

#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

namespace qat::ui {

ThresholdSlider::ThresholdSlider(ThemeHub* hub, Color data, QWidget* parent)
    : QAbstractSlider(parent), m_hub(hub), m_data(data) {
    setRange(1, 99);
    setSingleStep(1);
    setPageStep(5);
    setValue(25);
    setOrientation(Qt::Horizontal);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
    connect(this, &QAbstractSlider::valueChanged, this, qOverload<>(&QWidget::update));
}

void ThresholdSlider::setHistogram(std::vector<int> bins) {
    m_bins = std::move(bins);
    update();
}

void ThresholdSlider::setMark(std::optional<double> threshold) {
    m_mark = threshold;
    update();
}

QSize ThresholdSlider::sizeHint() const {
    return {m_hub->px(300), m_hub->px(44)};
}

QRectF ThresholdSlider::track() const {
    const double pad = m_hub->px(8);
    return QRectF(pad, height() - m_hub->px(11), width() - 2 * pad, m_hub->px(4));
}

int ThresholdSlider::valueAt(double x) const {
    return static_cast<int>(std::lround((x - track().left()) / std::max(1.0, track().width()) * 100));
}

void ThresholdSlider::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = m_hub->theme();
    const QRectF line = track();
    const double handle = line.left() + threshold() * line.width();
    // A root scale: the many hopeless boxes near 0 would flatten the rest.
    const int most = m_bins.empty() ? 0 : *std::max_element(m_bins.begin(), m_bins.end());
    const double room = line.top() - m_hub->px(4), each = line.width() / std::max<size_t>(1, m_bins.size());
    for (size_t i = 0; i < m_bins.size() && most > 0; ++i) {
        const double tall = std::sqrt(static_cast<double>(m_bins[i]) / most) * room;
        const QRectF bar(line.left() + each * static_cast<double>(i), line.top() - m_hub->px(2) - tall,
                         std::max(1.0, each - 1), tall);
        QColor color = theme.color(m_data);
        color.setAlphaF(bar.center().x() < handle ? 0.3f : 0.85f);
        painter.fillRect(bar, color);
    }
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.color(Color::Sunken));
    painter.drawRoundedRect(line, 2, 2);
    painter.setBrush(theme.color(m_data));
    painter.drawRoundedRect(QRectF(QPointF(handle, line.top()), line.bottomRight()), 2, 2);
    if (m_mark) {
        const double at = line.left() + *m_mark * line.width();
        painter.setPen(QPen(theme.color(Color::Text2), 1, Qt::DashLine));
        painter.drawLine(QPointF(at, m_hub->px(4)), QPointF(at, line.bottom()));
    }
    painter.setBrush(theme.color(Color::Surface));
    painter.setPen(QPen(theme.color(hasFocus() ? Color::Accent : m_data), 2));
    painter.drawEllipse(QPointF(handle, line.center().y()), m_hub->px(6), m_hub->px(6));
}

void ThresholdSlider::mousePressEvent(QMouseEvent* event) {
    setSliderDown(true);
    setValue(valueAt(event->position().x()));
}
void ThresholdSlider::mouseMoveEvent(QMouseEvent* event) {
    if (isSliderDown()) setValue(valueAt(event->position().x()));
}
void ThresholdSlider::mouseReleaseEvent(QMouseEvent*) {
    setSliderDown(false);
}

}  // namespace qat::ui
