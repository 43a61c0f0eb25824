// Boxes keep their line widths and letters at every zoom; only their corners move.
#include "compare/image_view.h"

#include <QKeyEvent>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "style/theme_icon.h"
#include "widgets/format.h"

namespace qat::ui {
namespace {
constexpr double kPlateWidth = 48;  // a box at least this wide on screen carries its words
constexpr double kDimmed = 0.35;
}  // namespace

ImageView::ImageView(ThemeHub* hub, ViewTransform* transform, Side side, QWidget* parent)
    : QWidget(parent), m_hub(hub), m_transform(transform), m_side(side) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(side == Side::Fp32 ? tr("Picture with FP32 boxes") : tr("Picture with quantized boxes"));
    connect(hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
    connect(transform, &ViewTransform::changed, this, qOverload<>(&QWidget::update));
}

void ImageView::setContent(const RunImage& image, std::vector<ObjectRow> objects, const QImage& picture,
                           const QString& sentence) {
    m_image = image;
    m_objects = std::move(objects);
    m_picture = picture;
    m_sentence = sentence;
    m_size = image.width > 0 && image.height > 0 ? QSizeF(image.width, image.height) : QSizeF(picture.size());
    m_hovered = -1;
    const auto own =
        std::count_if(m_objects.begin(), m_objects.end(), [this](const ObjectRow& row) { return ownBox(row); });
    setAccessibleDescription(counted(own, tr("1 box"), tr("%1 boxes")));
    update();
}

void ImageView::setLabelsShown(bool on) {
    m_labelsShown = on;
    update();
}

void ImageView::setHovered(int object) {
    if (object == m_hovered) return;
    m_hovered = object;
    update();
}

void ImageView::setSelected(int object) {
    m_selected = object;
    update();
}

void ImageView::setCaption(const QString& caption) {
    m_caption = caption;
    update();
}

const RunBox* ImageView::ownBox(const ObjectRow& row) const {
    const int index = m_side == Side::Fp32 ? row.fp32 : row.quantized;
    const QVector<RunBox>& boxes = m_side == Side::Fp32 ? m_image.fp32 : m_image.quantized;
    return index >= 0 && index < boxes.size() ? &boxes[index] : nullptr;
}

QRectF ImageView::boxOf(int object) const {
    if (object < 0 || object >= static_cast<int>(m_objects.size())) return {};
    const ObjectRow& row = m_objects[static_cast<size_t>(object)];
    if (const RunBox* own = ownBox(row)) return own->box;
    if (row.fp32 >= 0) return m_image.fp32[row.fp32].box;
    if (row.quantized >= 0) return m_image.quantized[row.quantized].box;
    return row.label >= 0 ? m_image.labels[row.label].box : QRectF();
}

std::vector<ImageView::Mark> ImageView::marks() const {
    std::vector<Mark> marks;
    const QTransform toView = map();
    for (size_t i = 0; i < m_objects.size(); ++i)
        if (const RunBox* box = ownBox(m_objects[i])) marks.push_back({toView.mapRect(box->box), static_cast<int>(i)});
    return marks;
}

double ImageView::dimmed(int object) const {
    return m_hovered >= 0 && m_hovered != object ? kDimmed : 1.0;
}

void ImageView::paintBoxes(QPainter& painter) {
    const Theme& theme = m_hub->theme();
    const QColor color = theme.color(m_side == Side::Fp32 ? Color::PhotoFp32 : Color::PhotoQuant);
    painter.setBrush(Qt::NoBrush);
    for (const Mark& mark : marks()) {
        painter.setOpacity(dimmed(mark.object));
        const bool strong = mark.object == m_selected || mark.object == m_hovered;
        painter.setPen(
            QPen(theme.color(Color::PhotoCasing), strong ? 5 : 4, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
        painter.drawRect(mark.box);
        QPen pen(color, strong ? 3 : 2, Qt::SolidLine, Qt::FlatCap, Qt::MiterJoin);
        if (m_side == Side::Quantized) pen.setDashPattern({7.0 / pen.widthF(), 4.0 / pen.widthF()});
        painter.setPen(pen);
        painter.drawRect(mark.box);
    }
    painter.setOpacity(1);
}

void ImageView::paintBadge(QPainter& painter, QPointF centre, const QString& icon, const QColor& plate,
                           const QColor& ink) const {
    const double side = m_hub->px(15);
    const QRectF area(centre.x() - side / 2, centre.y() - side / 2, side, side);
    painter.setPen(Qt::NoPen);
    painter.setBrush(plate);
    painter.drawRoundedRect(area, 3, 3);
    paintIcon(painter, area.adjusted(2, 2, -2, -2), icon, ink, 1.8);
}

// A lost object leaves its FP32 box on the quantized side as a thin ghost with a minus.
void ImageView::paintGhosts(QPainter& painter) {
    if (m_side != Side::Quantized) return;
    const Theme& theme = m_hub->theme();
    const QTransform toView = map();
    for (size_t i = 0; i < m_objects.size(); ++i) {
        const ObjectRow& row = m_objects[i];
        if (row.transition != Transition::Lost || row.fp32 < 0 || row.quantized >= 0) continue;
        painter.setOpacity(dimmed(static_cast<int>(i)));
        const QRectF box = toView.mapRect(m_image.fp32[row.fp32].box);
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(theme.color(Color::PhotoCasing), 3));
        painter.drawRect(box);
        painter.setPen(QPen(theme.color(Color::PhotoFp32), 1.2));
        painter.drawRect(box);
        paintBadge(painter, {box.center().x(), std::max(box.top() - m_hub->px(9), m_hub->px(9) * 1.0)},
                   QStringLiteral("lost"), theme.color(Color::PhotoLost), Qt::white);
    }
    painter.setOpacity(1);
}

void ImageView::paintLabels(QPainter& painter) {
    if (!m_labelsShown) return;
    const QTransform toView = map();
    painter.setBrush(Qt::NoBrush);
    for (const RunBox& label : m_image.labels) {
        const QRectF box = toView.mapRect(label.box);
        painter.setPen(QPen(m_hub->color(Color::PhotoCasing), 3));
        painter.drawRect(box);
        QPen pen(Qt::white, 1);
        pen.setDashPattern({1, 2});
        painter.setPen(pen);
        painter.drawRect(box);
    }
}

// First place of top, bottom, left, right that is free; else the first. Moved inside the view.
QRectF ImageView::placed(QSizeF size, const QRectF& box, std::vector<QRectF>& taken) const {
    const QPointF places[] = {{box.left() - 1, box.top() - size.height()},
                              {box.left() - 1, box.bottom()},
                              {box.left() - size.width(), box.top()},
                              {box.right(), box.top()}};
    QRectF chosen;
    for (const QPointF& place : places) {
        QRectF area(place, size);
        area.moveLeft(std::clamp(area.left(), 0.0, std::max(0.0, width() - size.width())));
        area.moveTop(std::clamp(area.top(), 0.0, std::max(0.0, height() - size.height())));
        if (chosen.isNull()) chosen = area;
        if (std::any_of(taken.begin(), taken.end(), [&](const QRectF& other) { return other.intersects(area); }))
            continue;
        chosen = area;
        break;
    }
    taken.push_back(chosen);
    return chosen;
}

void ImageView::paintPlates(QPainter& painter) {
    const Theme& theme = m_hub->theme();
    const QFont font = theme.weighted(theme.caption, QFont::DemiBold);
    const QFontMetricsF metrics(font);
    std::vector<QRectF> taken;
    painter.setFont(font);
    for (const Mark& mark : marks()) {
        const ObjectRow& row = m_objects[static_cast<size_t>(mark.object)];
        const RunBox* box = ownBox(row);
        if (!mark.box.intersects(QRectF(rect()))) continue;
        const bool wide =
            mark.box.width() >= m_hub->px(kPlateWidth) || mark.object == m_hovered || mark.object == m_selected;
        QString text = QString::number(mark.object + 1);
        if (wide) text += QLatin1Char(' ') + box->name + QLatin1Char(' ') + QLocale().toString(box->score, 'f', 2);
        const QString badge = m_side == Side::Fp32                          ? QString()
                              : row.transition == Transition::NewFalseAlarm ? QStringLiteral("alarm-new")
                              : row.transition == Transition::ClassFlip     ? QStringLiteral("flip")
                              : row.scoreDrop                               ? QStringLiteral("score-drop")
                                                                            : QString();
        const double height = m_hub->px(wide ? 16 : 14), badgeWidth = badge.isEmpty() ? 0 : height;
        const QRectF plate =
            placed({metrics.horizontalAdvance(text) + m_hub->px(8) + badgeWidth, height}, mark.box, taken);
        painter.setOpacity(dimmed(mark.object));
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(m_side == Side::Fp32 ? Color::PhotoFp32 : Color::PhotoQuant));
        painter.drawRoundedRect(plate, 2, 2);
        painter.setPen(theme.color(Color::PhotoPlateText));
        painter.drawText(plate.adjusted(m_hub->px(4), 0, 0, 0), Qt::AlignVCenter, text);
        if (badge.isEmpty()) continue;
        const bool isNew = row.transition == Transition::NewFalseAlarm;
        const QRectF area(plate.right() - height, plate.top(), height, height);
        painter.fillRect(area, isNew ? theme.color(Color::PhotoNew) : QColor(11, 14, 18));
        paintIcon(painter, area.adjusted(2, 2, -2, -2), badge,
                  isNew ? theme.color(Color::PhotoPlateText) : QColor(Qt::white), 1.8);
    }
    painter.setOpacity(1);
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
    QPen pen(theme.color(m_side == Side::Fp32 ? Color::PhotoFp32 : Color::PhotoQuant), 2, Qt::SolidLine, Qt::FlatCap);
    if (m_side == Side::Quantized) pen.setDashPattern({3.5, 2});
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
        paintLabels(painter);
        paintBoxes(painter);
        paintGhosts(painter);
        paintPlates(painter);
        paintCaption(painter);
    }
    if (!hasFocus() || !window()->testAttribute(Qt::WA_KeyboardFocusChange)) return;
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.color(Color::Accent), 2));
    painter.drawRect(rect().adjusted(1, 1, -1, -1));
}

// The smallest box under the pointer, so that a small one inside a large one can be reached.
int ImageView::objectAt(QPointF position) const {
    int best = -1;
    double area = std::numeric_limits<double>::infinity();
    for (const Mark& mark : marks()) {
        const double size = mark.box.width() * mark.box.height();
        if (!mark.box.adjusted(-3, -3, 3, 3).contains(position) || size >= area) continue;
        area = size;
        best = mark.object;
    }
    return best;
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
        Q_EMIT objectHovered(objectAt(event->position()));
        return;
    }
    const QPointF by = event->position() - m_dragFrom;
    if (!m_moved && by.manhattanLength() < 4) return;
    m_moved = true;
    m_dragFrom = event->position();
    m_transform->panBy(by, size(), m_size);
}

void ImageView::mouseReleaseEvent(QMouseEvent* event) {
    if (m_dragging && !m_moved) Q_EMIT objectClicked(objectAt(event->position()));
    m_dragging = false;
}

void ImageView::mouseDoubleClickEvent(QMouseEvent* event) {
    const int object = objectAt(event->position());
    if (object >= 0)
        m_transform->centreOn(boxOf(object), size(), m_size);
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
