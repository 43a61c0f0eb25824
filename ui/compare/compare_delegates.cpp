// Painting of the lists' special cells.
#include <QPainter>

#include "compare/compare_models.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"

namespace qat::ui {
namespace {

Color softOf(Color tone) {
    switch (tone) {
        case Color::Error:
            return Color::ErrorSoft;
        case Color::Success:
            return Color::SuccessSoft;
        case Color::Warning:
            return Color::WarningSoft;
        default:
            return Color::Sunken;
    }
}

}  // namespace

void GlyphDelegate::paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem& option,
                                 const QModelIndex& index) const {
    const QString icon = index.data(ChipIconRole).toString();
    if (icon.isEmpty()) return RowDelegate::paintContent(painter, cell, option, index);
    const Color tone = static_cast<Color>(index.data(ChipKindRole).toInt());
    const QColor ink = tone == Color::Accent ? theme().series(1).color : theme().color(tone);
    const int side = m_hub.px(18);
    const QRectF plate(cell.left(), cell.center().y() - side / 2.0 + 0.5, side, side);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme().color(softOf(tone)));
    painter.drawRoundedRect(plate, 4, 4);
    paintIcon(painter, plate.adjusted(3, 3, -3, -3), icon, ink, 1.8);
    RowDelegate::paintContent(painter, cell.adjusted(side + m_hub.px(8), 0, 0, 0), option, index);
}

void StackDelegate::paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem&,
                                 const QModelIndex& index) const {
    const QVariantList parts = index.data(DamageModel::StackRole).toList();
    int total = 0;
    for (const QVariant& part : parts) total += part.toInt();
    if (total == 0 || parts.size() != 4) return;
    const QRectF track(cell.left(), cell.center().y() - m_hub.px(4.5), cell.width() - m_hub.px(6), m_hub.px(9));
    const QColor fills[] = {theme().color(Color::ChartAxis), theme().color(Color::Error), theme().series(1).color};
    double x = track.left();
    for (int i = 0; i < 4; ++i) {
        const double width = track.width() * parts[i].toInt() / total;
        if (width <= 0) continue;
        const QRectF part(x, track.top(), std::max(1.0, width - 1), track.height());
        if (i < 3) painter.fillRect(part, fills[i]);
        if (i == 3) {
            painter.setPen(QPen(theme().color(Color::Warning), 1.2));
            painter.setBrush(Qt::NoBrush);
            painter.drawRect(part.adjusted(0.6, 0.6, -0.6, -0.6));
        }
        x += width;
    }
}

void TrackDelegate::paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem&,
                                 const QModelIndex& index) const {
    const QRectF track(cell.left(), cell.center().y() - m_hub.px(2.5), cell.width() - m_hub.px(4), m_hub.px(6));
    painter.fillRect(track, theme().color(Color::Sunken));
    painter.fillRect(QRectF(track.topLeft(), QSizeF(track.width() * index.data(ShareRole).toDouble(), track.height())),
                     theme().color(Color::Control));
}

}  // namespace qat::ui
