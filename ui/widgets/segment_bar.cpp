// Painting and keyboard handling of the segment bar.
#include "widgets/segment_bar.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>

#include "style/theme_hub.h"
#include "style/theme_icon.h"

namespace qat::ui {
namespace {

QFont segmentFont(const Theme& theme, bool small) {
    return theme.weighted(small ? theme.small : theme.ui, small ? QFont::Normal : QFont::Medium);
}

}  // namespace

SegmentBar::SegmentBar(const ThemeHub& hub, bool small, QWidget* parent) : QWidget(parent), m_hub(hub), m_small(small) {
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    connect(&hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
}

void SegmentBar::addSegment(const QString& key, const QString& text, const QString& icon, const QString& tip) {
    m_segments.push_back({key, text, icon, tip});
    updateGeometry();
}

void SegmentBar::clear() {
    m_segments.clear();
    m_current = m_hovered = -1;
    updateGeometry();
    update();
}

QString SegmentBar::currentKey() const {
    return m_current < 0 ? QString() : m_segments[m_current].key;
}

void SegmentBar::setCurrentIndex(int index) {
    m_current = index >= 0 && index < count() ? index : -1;
    if (m_current >= 0) setAccessibleDescription(m_segments[m_current].text);
    update();
}

void SegmentBar::setCurrentKey(const QString& key) {
    int index = -1;
    for (int i = 0; i < count(); ++i)
        if (m_segments[i].key == key) index = i;
    setCurrentIndex(index);
}

void SegmentBar::setSegmentText(int index, const QString& text) {
    m_segments.at(index).text = text;
    updateGeometry();
    update();
}

void SegmentBar::setIconsOnly(bool iconsOnly) {
    if (iconsOnly == m_iconsOnly) return;
    m_iconsOnly = iconsOnly;
    updateGeometry();
    update();
}

QString SegmentBar::shownText(const Segment& segment) const {
    return m_iconsOnly && !segment.icon.isEmpty() ? QString() : segment.text;
}

int SegmentBar::naturalWidth(const Segment& segment) const {
    const int text = QFontMetrics(segmentFont(m_hub.theme(), m_small)).horizontalAdvance(shownText(segment));
    const int icon = segment.icon.isEmpty() ? 0 : m_hub.px(16) + (text ? m_hub.px(6) : 0);
    return text + icon + m_hub.px(m_small ? 16 : 22);
}

QSize SegmentBar::sizeHint() const {
    int width = 4 + std::max(0, count() - 1);
    for (const Segment& segment : m_segments) width += naturalWidth(segment);
    return {width, m_hub.px(m_small ? 24 : 30)};
}

QRect SegmentBar::segmentRect(int index) const {
    if (m_stretched) {
        const int inner = width() - 4;
        const int left = 2 + inner * index / count(), right = 2 + inner * (index + 1) / count();
        return {left, 2, right - left, height() - 4};
    }
    int left = 2;
    for (int i = 0; i < index; ++i) left += naturalWidth(m_segments[i]) + 1;
    return {left, 2, naturalWidth(m_segments[index]), height() - 4};
}

int SegmentBar::segmentAt(const QPoint& point) const {
    for (int i = 0; i < count(); ++i)
        if (segmentRect(i).contains(point)) return i;
    return -1;
}

void SegmentBar::choose(int index) {
    if (index < 0 || index >= count() || index == m_current) return;
    setCurrentIndex(index);
    Q_EMIT chosen(index, m_segments[index].key);
}

void SegmentBar::paintEvent(QPaintEvent*) {
    const Theme& theme = m_hub.theme();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(m_keyboardFocus && hasFocus() ? QPen(theme.color(Color::Accent), 2) : QPen(Qt::NoPen));
    painter.setBrush(theme.color(Color::Sunken));
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1).adjusted(-1, -1, 1, 1), 6, 6);
    for (int i = 0; i < count(); ++i) {
        const QRectF box = QRectF(segmentRect(i)).adjusted(0.5, 0.5, -0.5, -0.5);
        const bool on = i == m_current && isEnabled(), hover = i == m_hovered && isEnabled();
        if (on || hover) {
            painter.setPen(on ? QPen(theme.color(Color::Border), 1) : QPen(Qt::NoPen));
            painter.setBrush(theme.color(on ? Color::Raised : Color::Hover));
            painter.drawRoundedRect(box, m_small ? 4 : 5, m_small ? 4 : 5);
        }
        const Segment& segment = m_segments[i];
        painter.setFont(segmentFont(m_hub.theme(), m_small));
        const int text = painter.fontMetrics().horizontalAdvance(shownText(segment));
        const int icon = segment.icon.isEmpty() ? 0 : m_hub.px(16) + (text ? m_hub.px(6) : 0);
        double x = box.center().x() - (text + icon) / 2.0;
        if (icon)
            paintIcon(painter, QRectF(x, box.center().y() - m_hub.px(8), m_hub.px(16), m_hub.px(16)), segment.icon,
                      theme.color(on ? Color::Accent : Color::Text2));
        x += icon;
        painter.setPen(theme.color(!isEnabled() ? Color::Text3 : on ? Color::Text : Color::Text2));
        painter.drawText(QRectF(x, box.top(), text + 2, box.height()), Qt::AlignVCenter | Qt::TextSingleLine,
                         shownText(segment));
    }
}

void SegmentBar::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) choose(segmentAt(event->position().toPoint()));
}

void SegmentBar::mouseMoveEvent(QMouseEvent* event) {
    const int at = segmentAt(event->position().toPoint());
    if (at == m_hovered) return;
    m_hovered = at;
    update();
}

void SegmentBar::leaveEvent(QEvent*) {
    m_hovered = -1;
    update();
}

void SegmentBar::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Left || event->key() == Qt::Key_Right) {
        const int step = (event->key() == Qt::Key_Right) == (layoutDirection() == Qt::LeftToRight) ? 1 : -1;
        return choose(std::clamp(m_current + step, 0, count() - 1));
    }
    if (event->key() == Qt::Key_Home) return choose(0);
    if (event->key() == Qt::Key_End) return choose(count() - 1);
    QWidget::keyPressEvent(event);
}

void SegmentBar::focusInEvent(QFocusEvent* event) {
    m_keyboardFocus = event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason ||
                      event->reason() == Qt::ShortcutFocusReason;
    QWidget::focusInEvent(event);
}

bool SegmentBar::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const int at = segmentAt(help->pos());
        if (at >= 0 && (m_iconsOnly || !m_segments[at].tip.isEmpty())) {
            const Segment& segment = m_segments[at];
            const QStringList parts = m_iconsOnly ? QStringList{segment.text, segment.tip} : QStringList{segment.tip};
            QToolTip::showText(help->globalPos(), parts.join(QLatin1Char(' ')).trimmed(), this);
            return true;
        }
    }
    return QWidget::event(event);
}

}  // namespace qat::ui
