// Icons by name in the colours of the current theme.
#pragma once

#include <QIcon>
#include <QString>

#include "style/theme.h"

class QPainter;
class QRectF;

namespace qat::ui {

class ThemeHub;

// The drawing resources/icons/NAME.svg with currentColor replaced: `token` normally, tertiary text when disabled,
// accent when on. Follows a theme switch by itself. A name without a drawing gives a null icon, so that an action
// shows its text.
QIcon themeIcon(const ThemeHub& hub, const QString& name, Color token = Color::Text2);

// Paints the same drawing into a rectangle; for delegates and painted widgets.
void paintIcon(QPainter& painter, const QRectF& area, const QString& name, const QColor& color, double stroke = 1.4);

// The program's own mark, in its fixed colours.
QIcon programIcon();

}  // namespace qat::ui
