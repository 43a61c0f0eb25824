// Painting of chips and bars.
#include "style/chip.h"

#include <QFontMetricsF>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "style/theme_icon.h"

namespace qat::ui {
namespace {

struct ChipLook {
    Color fill, ink;
};

ChipLook lookOf(ChipKind kind) {
    switch (kind) {
        case ChipKind::Success:
            return {Color::SuccessSoft, Color::Success};
        case ChipKind::Warning:
            return {Color::WarningSoft, Color::Warning};
        case ChipKind::Error:
            return {Color::ErrorSoft, Color::Error};
        case ChipKind::Running:
            return {Color::Surface, Color::Accent};
        case ChipKind::Fp32:
            return {Color::Fp32Soft, Color::Fp32};
        case ChipKind::Quant:
            return {Color::QuantSoft, Color::Quant};
        case ChipKind::Neutral:
            break;
    }
    return {Color::Sunken, Color::Text2};
}

QFont chipFont(const Theme& theme, int weight) {
    return theme.weighted(theme.caption, weight);
}

QColor bitsFill(int bits, const Theme& theme) {
    if (bits <= 4) return theme.color(Color::Bits4);
    return theme.color(bits <= 8 ? Color::Bits8 : Color::Sunken);
}

QString bitsText(int bits, const QString& prefix) {
    return prefix + (bits <= 0 ? QStringLiteral("FP") : QString::number(bits));
}

QRectF centredLine(const QRectF& area, double height) {
    return {area.left(), area.center().y() - height / 2, area.width(), height};
}

}  // namespace

QSizeF chipSize(const Chip& chip, const Theme& theme) {
    const double icon = chip.icon.isEmpty() ? 0 : theme.px(12) + theme.px(4);
    const double text = QFontMetricsF(chipFont(theme, QFont::Medium)).horizontalAdvance(chip.text);
    return {std::ceil(text + icon) + theme.px(11), static_cast<double>(theme.px(18))};
}

QRectF paintChip(QPainter& painter, const QRectF& area, const Chip& chip, const Theme& theme) {
    const ChipLook look = lookOf(chip.kind);
    const QSizeF wanted = chipSize(chip, theme);
    QRectF box = centredLine(area, wanted.height());
    box.setWidth(std::min(wanted.width(), area.width()));
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    if (chip.kind == ChipKind::Running) painter.setPen(QPen(theme.color(Color::Accent), 1));
    painter.setBrush(theme.color(look.fill));
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    QRectF inner = box.adjusted(theme.px(5), 0, -theme.px(5), 0);
    if (!chip.icon.isEmpty()) {
        const double side = theme.px(12);
        paintIcon(painter, QRectF(inner.left(), box.center().y() - side / 2, side, side), chip.icon,
                  theme.color(look.ink), 1.8);
        inner.setLeft(inner.left() + side + theme.px(3));
    }
    painter.setFont(chipFont(theme, QFont::Medium));
    painter.setPen(theme.color(look.ink));
    const QString text = QFontMetricsF(painter.font()).elidedText(chip.text, Qt::ElideRight, inner.width() + 1);
    painter.drawText(inner, Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine, text);
    painter.restore();
    return box;
}

QSizeF bitsSize(int bits, const QString& prefix, const Theme& theme) {
    const double text = QFontMetricsF(chipFont(theme, QFont::DemiBold)).horizontalAdvance(bitsText(bits, prefix));
    return {std::max<double>(theme.px(24), std::ceil(text) + theme.px(10)), static_cast<double>(theme.px(18))};
}

void paintBits(QPainter& painter, const QRectF& area, int bits, const QString& prefix, const Theme& theme) {
    const QSizeF size = bitsSize(bits, prefix, theme);
    const QRectF box(area.center().x() - size.width() / 2, area.center().y() - size.height() / 2, size.width(),
                     size.height());
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    if (bits <= 0) {
        painter.setPen(QPen(theme.color(Color::Fp32), 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    } else {
        painter.setPen(Qt::NoPen);
        painter.setBrush(bitsFill(bits, theme));
        painter.drawRoundedRect(box, 4, 4);
    }
    painter.setFont(chipFont(theme, QFont::DemiBold));
    painter.setPen(theme.color(bits <= 0 ? Color::Fp32 : Color::Text));
    painter.drawText(box, Qt::AlignCenter, bitsText(bits, prefix));
    painter.restore();
}

QRectF paintBitsPair(QPainter& painter, const QRectF& area, int weightBits, int activationBits, const Theme& theme) {
    const QSizeF left = bitsSize(weightBits, QStringLiteral("W"), theme);
    const QSizeF right = bitsSize(activationBits, QStringLiteral("A"), theme);
    const double top = area.center().y() - left.height() / 2;
    const QRectF first(area.left(), top, left.width(), left.height());
    const QRectF second(first.right() + 1, top, right.width(), right.height());
    paintBits(painter, first, weightBits, QStringLiteral("W"), theme);
    paintBits(painter, second, activationBits, QStringLiteral("A"), theme);
    return first.united(second);
}

void paintProgress(QPainter& painter, const QRectF& track, double share, const Theme& theme) {
    QRectF line = centredLine(track, theme.px(4));
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.color(Color::Border));
    painter.drawRoundedRect(line, 2, 2);
    if (share > 0) {
        line.setWidth(line.width() * std::min(1.0, share));
        painter.setBrush(theme.color(Color::AccentFill));
        painter.drawRoundedRect(line, 2, 2);
    }
    painter.restore();
}

void paintShareBar(QPainter& painter, const QRectF& track, double share, bool centred, const Theme& theme) {
    const QRectF line = centredLine(track, theme.px(8));
    painter.save();
    painter.setPen(Qt::NoPen);
    painter.fillRect(line, theme.color(Color::Sunken));
    const double amount = std::isfinite(share) ? std::clamp(share, centred ? -1.0 : 0.0, 1.0) : 0;
    const double zero = centred ? line.center().x() : line.left();
    const double reach = (centred ? line.width() / 2 : line.width()) * amount;
    painter.fillRect(QRectF(std::min(zero, zero + reach), line.top(), std::abs(reach), line.height()),
                     theme.color(Color::Quant));
    painter.restore();
}

}  // namespace qat::ui
