// What a widget has of its own from the theme, fonts and colours, stays in step with it.
#pragma once

#include <functional>

class QWidget;

namespace qat::ui {

class ThemeHub;

// Calls `restyle` now, after each switch of the theme, and whenever the style has polished the widget: the style sheet
// of the application keeps the palette that a widget had when the sheet was set, and gives it back then. A widget that
// is first shown after a switch would else have the colours of the theme in which it was made.
void followTheme(const ThemeHub& hub, QWidget* widget, std::function<void()> restyle);

}  // namespace qat::ui
