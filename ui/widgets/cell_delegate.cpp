// Each look draws its part of the cell and says where the text goes.
#include "widgets/cell_delegate.h"

#include <QPainter>
#include <algorithm>
#include <cmath>
#include <optional>

#include "style/theme_hub.h"
#include "style/theme_icon.h"

namespace qat::ui {
namespace {

struct Canvas {
    QPainter& painter;
    QRect cell;   // without the insets
    QRect whole;  // with them
    const QModelIndex& index;
    const ThemeHub& hub;

    const Theme& theme() const { return hub.theme(); }
    QString text() const { return index.data(Qt::DisplayRole).toString(); }
};

// Where the text is still to be painted; empty = nowhere.
using TextPlace = std::optional<QRect>;

TextPlace drawBits(const Canvas& on) {
    const QVariant bits = on.index.data(BitsRole);
    if (!bits.isValid()) return on.cell;
    paintBits(on.painter, QRectF(on.whole).adjusted(0, 0, 0, -1), bits.toInt(), {}, on.theme());
    return std::nullopt;
}

TextPlace drawBar(const Canvas& on) {
    const QVariant share = on.index.data(ShareRole);
    if (!share.isValid()) return on.cell;
    const QRect& cell = on.cell;
    const int bar = std::min(on.hub.px(44), cell.width() / 2);
    paintShareBar(on.painter, QRectF(cell.left(), cell.top(), bar, cell.height()), share.toDouble(), false, on.theme());
    on.painter.setFont(on.theme().small);
    on.painter.setPen(on.theme().color(Color::Text2));
    on.painter.drawText(cell.adjusted(bar + on.hub.px(6), 0, 0, 0), Qt::AlignVCenter | Qt::AlignRight, on.text());
    return std::nullopt;
}

TextPlace drawChip(const Canvas& on) {
    const QVariant kind = on.index.data(ChipKindRole);
    if (!kind.isValid()) return on.cell;
    const Chip chip{on.text(), static_cast<ChipKind>(kind.toInt()), on.index.data(ChipIconRole).toString()};
    paintChip(on.painter, on.cell, chip, on.theme());
    return std::nullopt;
}

TextPlace drawNumber(const Canvas& on) {
    return on.cell.adjusted(0, 0, -on.hub.px(8), 0);
}

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

TextPlace drawGlyph(const Canvas& on) {
    const QString icon = on.index.data(ChipIconRole).toString();
    if (icon.isEmpty()) return on.cell;
    const Color tone = static_cast<Color>(on.index.data(ChipKindRole).toInt());
    const QColor ink = tone == Color::Accent ? on.theme().series(1).color : on.theme().color(tone);
    const int side = on.hub.px(18);
    const QRectF plate(on.cell.left(), on.cell.center().y() - side / 2.0 + 0.5, side, side);
    on.painter.setRenderHint(QPainter::Antialiasing);
    on.painter.setPen(Qt::NoPen);
    on.painter.setBrush(on.theme().color(softOf(tone)));
    on.painter.drawRoundedRect(plate, 4, 4);
    paintIcon(on.painter, plate.adjusted(3, 3, -3, -3), icon, ink, 1.8);
    return on.cell.adjusted(side + on.hub.px(8), 0, 0, 0);
}

TextPlace drawStack(const Canvas& on) {
    const QVariantList parts = on.index.data(StackRole).toList();
    int total = 0;
    for (const QVariant& part : parts) total += part.toInt();
    if (total == 0 || parts.size() != 4) return std::nullopt;
    const QRect& cell = on.cell;
    const QRectF track(cell.left(), cell.center().y() - on.hub.px(4.5), cell.width() - on.hub.px(6), on.hub.px(9));
    const QColor fills[] = {on.theme().color(Color::ChartAxis), on.theme().color(Color::Error),
                            on.theme().series(1).color};
    double x = track.left();
    for (int i = 0; i < 4; ++i) {
        const double width = track.width() * parts[i].toInt() / total;
        if (width <= 0) continue;
        const QRectF part(x, track.top(), std::max(1.0, width - 1), track.height());
        if (i < 3) on.painter.fillRect(part, fills[i]);
        if (i == 3) {
            on.painter.setPen(QPen(on.theme().color(Color::Warning), 1.2));
            on.painter.setBrush(Qt::NoBrush);
            on.painter.drawRect(part.adjusted(0.6, 0.6, -0.6, -0.6));
        }
        x += width;
    }
    return std::nullopt;
}

TextPlace drawTrack(const Canvas& on) {
    const QRect& cell = on.cell;
    const QRectF track(cell.left(), cell.center().y() - on.hub.px(2.5), cell.width() - on.hub.px(4), on.hub.px(6));
    const double share = on.index.data(ShareRole).toDouble();
    on.painter.fillRect(track, on.theme().color(Color::Sunken));
    on.painter.fillRect(QRectF(track.topLeft(), QSizeF(track.width() * share, track.height())),
                        on.theme().color(Color::Control));
    return std::nullopt;
}

TextPlace drawSpark(const Canvas& on) {
    const QVariantList history = on.index.data(HistoryRole).toList();
    double top = 0;
    for (const QVariant& value : history)
        if (std::isfinite(value.toDouble())) top = std::max(top, value.toDouble());
    if (history.size() < 2 || top <= 0) return std::nullopt;
    const QRectF area = QRectF(on.cell).adjusted(0, on.hub.px(6), -on.hub.px(2), -on.hub.px(6));
    QPolygonF line;
    for (qsizetype i = 0; i < history.size(); ++i)
        if (const double value = history[i].toDouble(); std::isfinite(value))
            line << QPointF(
                area.left() + area.width() * static_cast<double>(i) / static_cast<double>(history.size() - 1),
                area.bottom() - area.height() * value / top);
    on.painter.setRenderHint(QPainter::Antialiasing);
    on.painter.setPen(QPen(on.theme().color(Color::Quant), 1.4));
    on.painter.drawPolyline(line);
    return std::nullopt;
}

TextPlace draw(CellLook look, const Canvas& on) {
    switch (look) {
        case CellLook::Bits:
            return drawBits(on);
        case CellLook::Bar:
            return drawBar(on);
        case CellLook::Chip:
            return drawChip(on);
        case CellLook::Number:
            return drawNumber(on);
        case CellLook::Glyph:
            return drawGlyph(on);
        case CellLook::Stack:
            return drawStack(on);
        case CellLook::Track:
            return drawTrack(on);
        case CellLook::Spark:
            return drawSpark(on);
    }
    return on.cell;
}

}  // namespace

void CellDelegate::paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem& option,
                                const QModelIndex& index) const {
    if (const TextPlace place = draw(m_look, {painter, cell, option.rect, index, m_hub}))
        RowDelegate::paintContent(painter, *place, option, index);
}

}  // namespace qat::ui
