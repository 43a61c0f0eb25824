// A label whose colour is a token and whose font is a style of the theme; follows a theme switch.
#pragma once

#include <QLabel>

#include "style/theme.h"

namespace qat::ui {

class ThemeHub;

enum class TextStyle { Body, BodyStrong, Small, Caption, CaptionStrong, PanelTitle, Heading, Figure, Product, Code };

// A plain sentence or value; the text can be selected with the mouse when `selectable`.
class ThemedLabel : public QLabel {
    Q_OBJECT
public:
    ThemedLabel(const ThemeHub& hub, const QString& text, TextStyle style, Color color, QWidget* parent = nullptr);
    void setColor(Color color);
    // Shortens in the middle or at the right instead of asking for more width; Qt::ElideNone switches it off.
    void setElide(Qt::TextElideMode mode);
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void restyle();

    const ThemeHub& m_hub;
    TextStyle m_style;
    Color m_color;
    Qt::TextElideMode m_elide = Qt::ElideNone;
};

QFont fontOf(const Theme& theme, TextStyle style);

}  // namespace qat::ui
