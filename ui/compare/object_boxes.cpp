// Geometry and painting of objects.
#include "compare/object_boxes.h"

#include <QFontMetricsF>
#include <QLocale>
#include <QPainter>
#include <algorithm>
#include <limits>
#include <utility>

#include "style/theme_icon.h"

namespace qat::ui {
namespace {

constexpr double kPlateWidth = 48;  // a box at least this wide on screen carries its words
constexpr double kDimmed = 0.35;

void paintBadge(QPainter& painter, QPointF centre, const QString& icon, const QColor& plate, const QColor& ink,
                const Theme& theme) {
    const double side = theme.px(15);
    const QRectF area(centre.x() - side / 2, centre.y() - side / 2, side, side);
    painter.setPen(Qt::NoPen);
    painter.setBrush(plate);
    painter.drawRoundedRect(area, 3, 3);
    paintIcon(painter, area.adjusted(2, 2, -2, -2), icon, ink, 1.8);
}

// First place of top, bottom, left, right that is free; else the first. Moved inside the view.
QRectF placed(QSizeF size, const QRectF& box, const QRectF& view, std::vector<QRectF>& taken) {
    const QPointF places[] = {{box.left() - 1, box.top() - size.height()},
                              {box.left() - 1, box.bottom()},
                              {box.left() - size.width(), box.top()},
                              {box.right(), box.top()}};
    QRectF chosen;
    for (const QPointF& place : places) {
        QRectF area(place, size);
        area.moveLeft(std::clamp(area.left(), 0.0, std::max(0.0, view.width() - size.width())));
        area.moveTop(std::clamp(area.top(), 0.0, std::max(0.0, view.height() - size.height())));
        if (chosen.isNull()) chosen = area;
        if (std::any_of(taken.begin(), taken.end(), [&](const QRectF& other) { return other.intersects(area); }))
            continue;
        chosen = area;
        break;
    }
    taken.push_back(chosen);
    return chosen;
}

}  // namespace

void ObjectBoxes::setContent(const RunImage& image, std::vector<ObjectRow> objects) {
    m_image = image;
    m_objects = std::move(objects);
    m_hovered = -1;
}

bool ObjectBoxes::setHovered(int object) {
    return std::exchange(m_hovered, object) != object;
}

int64_t ObjectBoxes::ownCount() const {
    return std::count_if(m_objects.begin(), m_objects.end(), [this](const ObjectRow& row) { return ownBox(row); });
}

const RunBox* ObjectBoxes::ownBox(const ObjectRow& row) const {
    const int index = m_side == NetworkSide::Fp32 ? row.fp32 : row.quantized;
    const QVector<RunBox>& boxes = m_side == NetworkSide::Fp32 ? m_image.fp32 : m_image.quantized;
    return index >= 0 && index < boxes.size() ? &boxes[index] : nullptr;
}

QRectF ObjectBoxes::boxOf(int object) const {
    if (object < 0 || object >= static_cast<int>(m_objects.size())) return {};
    const ObjectRow& row = m_objects[static_cast<size_t>(object)];
    if (const RunBox* own = ownBox(row)) return own->box;
    if (row.fp32 >= 0) return m_image.fp32[row.fp32].box;
    if (row.quantized >= 0) return m_image.quantized[row.quantized].box;
    return row.label >= 0 ? m_image.labels[row.label].box : QRectF();
}

std::vector<ObjectBoxes::Mark> ObjectBoxes::marks(const QTransform& toView) const {
    std::vector<Mark> marks;
    for (size_t i = 0; i < m_objects.size(); ++i)
        if (const RunBox* box = ownBox(m_objects[i])) marks.push_back({toView.mapRect(box->box), static_cast<int>(i)});
    return marks;
}

// The smallest box wins.
int ObjectBoxes::objectAt(QPointF position, const QTransform& toView) const {
    int best = -1;
    double area = std::numeric_limits<double>::infinity();
    for (const Mark& mark : marks(toView)) {
        const double size = mark.box.width() * mark.box.height();
        if (!mark.box.adjusted(-3, -3, 3, 3).contains(position) || size >= area) continue;
        area = size;
        best = mark.object;
    }
    return best;
}

double ObjectBoxes::dimmed(int object) const {
    return m_hovered >= 0 && m_hovered != object ? kDimmed : 1.0;
}

void ObjectBoxes::paintLabels(QPainter& painter, const QTransform& toView, const Theme& theme) const {
    if (!m_labelsShown) return;
    painter.setBrush(Qt::NoBrush);
    for (const RunBox& label : m_image.labels) {
        const QRectF box = toView.mapRect(label.box);
        painter.setPen(QPen(theme.color(Color::PhotoCasing), 3));
        painter.drawRect(box);
        QPen pen(Qt::white, 1);
        pen.setDashPattern({1, 2});
        painter.setPen(pen);
        painter.drawRect(box);
    }
}

void ObjectBoxes::paintBoxes(QPainter& painter, const QTransform& toView, const Theme& theme) const {
    const QColor color = theme.color(m_side == NetworkSide::Fp32 ? Color::PhotoFp32 : Color::PhotoQuant);
    painter.setBrush(Qt::NoBrush);
    for (const Mark& mark : marks(toView)) {
        painter.setOpacity(dimmed(mark.object));
        const bool strong = mark.object == m_selected || mark.object == m_hovered;
        painter.setPen(
            QPen(theme.color(Color::PhotoCasing), strong ? 5 : 4, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
        painter.drawRect(mark.box);
        QPen pen(color, strong ? 3 : 2, Qt::SolidLine, Qt::FlatCap, Qt::MiterJoin);
        if (m_side == NetworkSide::Quantized) pen.setDashPattern({7.0 / pen.widthF(), 4.0 / pen.widthF()});
        painter.setPen(pen);
        painter.drawRect(mark.box);
    }
    painter.setOpacity(1);
}

// A lost object leaves its FP32 box on the quantized side as a thin ghost with a minus.
void ObjectBoxes::paintGhosts(QPainter& painter, const QTransform& toView, const Theme& theme) const {
    if (m_side != NetworkSide::Quantized) return;
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
        paintBadge(painter, {box.center().x(), std::max(box.top() - theme.px(9), theme.px(9) * 1.0)},
                   QStringLiteral("lost"), theme.color(Color::PhotoLost), Qt::white, theme);
    }
    painter.setOpacity(1);
}

void ObjectBoxes::paintPlates(QPainter& painter, const QRectF& view, const QTransform& toView,
                              const Theme& theme) const {
    const QFont font = theme.weighted(theme.caption, QFont::DemiBold);
    const QFontMetricsF metrics(font);
    std::vector<QRectF> taken;
    painter.setFont(font);
    for (const Mark& mark : marks(toView)) {
        const ObjectRow& row = m_objects[static_cast<size_t>(mark.object)];
        const RunBox* box = ownBox(row);
        if (!mark.box.intersects(view)) continue;
        const bool wide =
            mark.box.width() >= theme.px(kPlateWidth) || mark.object == m_hovered || mark.object == m_selected;
        QString text = QString::number(mark.object + 1);
        if (wide) text += QLatin1Char(' ') + box->name + QLatin1Char(' ') + QLocale().toString(box->score, 'f', 2);
        const QString badge = m_side == NetworkSide::Fp32                   ? QString()
                              : row.transition == Transition::NewFalseAlarm ? QStringLiteral("alarm-new")
                              : row.transition == Transition::ClassFlip     ? QStringLiteral("flip")
                              : row.scoreDrop                               ? QStringLiteral("score-drop")
                                                                            : QString();
        const double height = theme.px(wide ? 16 : 14), badgeWidth = badge.isEmpty() ? 0 : height;
        const QRectF plate =
            placed({metrics.horizontalAdvance(text) + theme.px(8) + badgeWidth, height}, mark.box, view, taken);
        painter.setOpacity(dimmed(mark.object));
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(m_side == NetworkSide::Fp32 ? Color::PhotoFp32 : Color::PhotoQuant));
        painter.drawRoundedRect(plate, 2, 2);
        painter.setPen(theme.color(Color::PhotoPlateText));
        painter.drawText(plate.adjusted(theme.px(4), 0, 0, 0), Qt::AlignVCenter, text);
        if (badge.isEmpty()) continue;
        const bool isNew = row.transition == Transition::NewFalseAlarm;
        const QRectF area(plate.right() - height, plate.top(), height, height);
        painter.fillRect(area, isNew ? theme.color(Color::PhotoNew) : QColor(11, 14, 18));
        paintIcon(painter, area.adjusted(2, 2, -2, -2), badge,
                  isNew ? theme.color(Color::PhotoPlateText) : QColor(Qt::white), 1.8);
    }
    painter.setOpacity(1);
}

void ObjectBoxes::paint(QPainter& painter, const QRectF& view, const QTransform& toView, const Theme& theme) const {
    paintLabels(painter, toView, theme);
    paintBoxes(painter, toView, theme);
    paintGhosts(painter, toView, theme);
    paintPlates(painter, view, toView, theme);
}

}  // namespace qat::ui
