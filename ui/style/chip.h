// Chips, badges and small bars: one way to paint them, used by delegates and widgets alike.
#pragma once

#include <QRectF>
#include <QSizeF>
#include <QString>

#include "style/theme.h"

class QPainter;

namespace qat::ui {

enum class ChipKind { Neutral, Success, Warning, Error, Running, Fp32, Quant };

// A word with a glyph on a soft fill: state of a run, verdict of a check.
struct Chip {
    QString text;
    ChipKind kind = ChipKind::Neutral;
    QString icon;  // name of a theme icon, "" for none
};

// Width the chip needs, height 18 at the base font.
QSizeF chipSize(const Chip& chip, const Theme& theme);
// Paints left-aligned and vertically centred in the area, elided to it; returns the painted rectangle.
QRectF paintChip(QPainter& painter, const QRectF& area, const Chip& chip, const Theme& theme);

// One bit width: 1..4, 5..8, 9..16; 0 = float (outline in the FP32 colour). prefix "W" or "A" or "".
QSizeF bitsSize(int bits, const QString& prefix, const Theme& theme);
// Centred in the area.
void paintBits(QPainter& painter, const QRectF& area, int bits, const QString& prefix, const Theme& theme);
// The pair W4 A8, left-aligned; returns the painted rectangle.
QRectF paintBitsPair(QPainter& painter, const QRectF& area, int weightBits, int activationBits, const Theme& theme);

// A 4 px progress track with share in [0, 1] filled; below 0 = only the track.
void paintProgress(QPainter& painter, const QRectF& track, double share, const Theme& theme);
// An 8 px bar in the quantized colour from 0 to share in [0, 1]; a negative share grows left from the middle when
// `centred`.
void paintShareBar(QPainter& painter, const QRectF& track, double share, bool centred, const Theme& theme);

}  // namespace qat::ui
