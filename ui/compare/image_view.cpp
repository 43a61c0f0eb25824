// The picture, what the pointer and the keys do on it.
#include "compare/image_view.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "widgets/format.h"

namespace qat::ui {
ImageView::ImageView(ThemeHub* hub, ViewTransform* transform, NetworkSide side, QWidget* parent)
    : QWidget(parent), m_hub(hub), m_transform(transform), m_side(side), m_boxes(side) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(side == NetworkSide::Fp32 ? tr("Picture with FP32 boxes") : tr("Picture with quantized boxes"));
    connect(hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
    connect(transform, &ViewTransform::changed, this, qOverload<>(&QWidget::update));
}

void ImageView::setContent(const RunImage& image, std::vector<ObjectRow> objects, const QImage& picture,
                           const QString& sentence) {
    m_boxes.setContent(image, std::move(objects));
    m_picture = picture;
    m_sentence = sentence;
    m_size = image.width > 0 && image.height > 0 ? QSizeF(image.width, image.height) : QSizeF(picture.size());
    setAccessibleDescription(counted(m_boxes.ownCount(), tr("1 box"), tr("%1 boxes")));
    update();
}

void ImageView::setLabelsShown(bool on) {
    m_boxes.setLabelsShown(on);
    update();
}

void ImageView::setHovered(int object) {
    if (m_boxes.setHovered(object)) update();
}

void ImageView::setSelected(int object) {
    m_boxes.setSelected(object);
    update();
}

void ImageView::setCaption(const QString& caption) {
    m_caption = caption;
    update();
}

void ImageView::paintCaption(QPainter& painter) {
    const Theme& theme = m_hub->theme();
    const QFont font = theme.weighted(theme.caption, QFont::DemiBold);
    const double sample = m_hub->px(26), textWidth = QFontMetricsF(font).horizontalAdvance(m_caption);
    const QRectF plate(width() - textWidth - sample - m_hub->px(24), height() - m_hub->px(24),
                       textWidth + sample + m_hub->px(16), m_hub->px(17));
    painter.setPen(Qt::NoPen);
    painter.setBrush(QColor(9, 12, 16, 200));
    painter.drawRoundedRect(plate, 4, 4);
    QPen pen(theme.color(m_side == NetworkSide::Fp32 ? Color::PhotoFp32 : Color::PhotoQuant), 2, Qt::SolidLine,
             Qt::FlatCap);
    if (m_side == NetworkSide::Quantized) pen.setDashPattern({3.5, 2});
    painter.setPen(pen);
    const double y = plate.center().y();
    painter.drawLine(QPointF(plate.left() + m_hub->px(6), y),
                     QPointF(plate.left() + m_hub->px(6) + sample - m_hub->px(4), y));
    painter.setFont(font);
    painter.setPen(Qt::white);
    painter.drawText(plate.adjusted(sample + m_hub->px(8), 0, 0, 0), Qt::AlignVCenter, m_caption);
}

void ImageView::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = m_hub->theme();
    painter.fillRect(rect(), theme.color(Color::Canvas));
    if (!m_picture.isNull() && !m_size.isEmpty()) {
        painter.setRenderHint(QPainter::SmoothPixmapTransform);
        painter.setRenderHint(QPainter::Antialiasing);
        // A letterboxed preview carries a border that the original has not.
        const double scale = std::min(m_picture.width() / m_size.width(), m_picture.height() / m_size.height());
        const QSizeF inner = m_size * scale;
        const QRectF source((m_picture.width() - inner.width()) / 2, (m_picture.height() - inner.height()) / 2,
                            inner.width(), inner.height());
        painter.drawImage(map().mapRect(QRectF({}, m_size)), m_picture, source);
    } else {
        painter.setFont(theme.ui);
        painter.setPen(theme.color(Color::Text2));
        painter.drawText(rect().adjusted(m_hub->px(16), m_hub->px(24), -m_hub->px(16), 0), Qt::TextWordWrap,
                         m_sentence);
    }
    if (!m_size.isEmpty()) {
        m_boxes.paint(painter, rect(), map(), theme);
        paintCaption(painter);
    }
    if (!hasFocus() || !window()->testAttribute(Qt::WA_KeyboardFocusChange)) return;
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.color(Color::Accent), 2));
    painter.drawRect(rect().adjusted(1, 1, -1, -1));
}

void ImageView::wheelEvent(QWheelEvent* event) {
    const double factor = std::pow(1.2, event->angleDelta().y() / 120.0);
    m_transform->zoomBy(factor, {event->position().x() / width(), event->position().y() / height()}, size(), m_size);
    event->accept();
}

void ImageView::mousePressEvent(QMouseEvent* event) {
    m_dragging = event->button() == Qt::LeftButton || event->button() == Qt::MiddleButton;
    m_moved = false;
    m_dragFrom = event->position();
}

void ImageView::mouseMoveEvent(QMouseEvent* event) {
    if (!m_dragging) {
        Q_EMIT objectHovered(m_boxes.objectAt(event->position(), map()));
        return;
    }
    const QPointF by = event->position() - m_dragFrom;
    if (!m_moved && by.manhattanLength() < 4) return;
    m_moved = true;
    m_dragFrom = event->position();
    m_transform->panBy(by, size(), m_size);
}

void ImageView::mouseReleaseEvent(QMouseEvent* event) {
    if (m_dragging && !m_moved) Q_EMIT objectClicked(m_boxes.objectAt(event->position(), map()));
    m_dragging = false;
}

void ImageView::mouseDoubleClickEvent(QMouseEvent* event) {
    const int object = m_boxes.objectAt(event->position(), map());
    if (object >= 0)
        m_transform->centreOn(m_boxes.boxOf(object), size(), m_size);
    else
        m_transform->fit();
}

void ImageView::leaveEvent(QEvent*) {
    Q_EMIT objectHovered(-1);
}

void ImageView::keyPressEvent(QKeyEvent* event) {
    const double step = m_hub->px(40);
    const QPointF middle(0.5, 0.5);
    switch (event->key()) {
        case Qt::Key_0:
            return m_transform->fit();
        case Qt::Key_1:
            return m_transform->actualSize(size(), m_size);
        case Qt::Key_Plus:
        case Qt::Key_Equal:
            return m_transform->zoomBy(1.25, middle, size(), m_size);
        case Qt::Key_Minus:
            return m_transform->zoomBy(0.8, middle, size(), m_size);
        case Qt::Key_Left:
            return m_transform->panBy({step, 0}, size(), m_size);
        case Qt::Key_Right:
            return m_transform->panBy({-step, 0}, size(), m_size);
        case Qt::Key_Up:
            return m_transform->panBy({0, step}, size(), m_size);
        case Qt::Key_Down:
            return m_transform->panBy({0, -step}, size(), m_size);
        default:
            QWidget::keyPressEvent(event);
    }
}

}  // namespace qat::ui
