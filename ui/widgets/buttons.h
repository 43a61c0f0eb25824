// Push buttons and tool buttons of the few kinds the window knows.
#pragma once

#include <QPushButton>
#include <QToolButton>

class QAction;

namespace qat::ui {

class ThemeHub;

// Normal has an outline, Primary the accent fill (one a screen), Flat no outline, Link accent text.
enum class ButtonKind { Normal, Primary, Flat, Link };

// A verb on a button; `icon` names a theme icon or is empty; small = 24 px high instead of 28.
QPushButton* makeButton(const ThemeHub& hub, const QString& text, ButtonKind kind, const QString& icon = {},
                        bool small = false, QWidget* parent = nullptr);

// A 24 px icon button of a panel header; `tip` is its tooltip and accessible name.
QToolButton* makeIconButton(const ThemeHub& hub, const QString& icon, const QString& tip, QWidget* parent = nullptr);

}  // namespace qat::ui
