// Keeps font and colour of a label in step with the theme.
#include "widgets/themed_label.h"

#include <QPainter>

#include "style/follow_theme.h"
#include "style/theme_hub.h"

namespace qat::ui {

QFont fontOf(const Theme& theme, TextStyle style) {
    switch (style) {
        case TextStyle::Body:
            return theme.ui;
        case TextStyle::BodyStrong:
            return theme.weighted(theme.ui, QFont::Medium);
        case TextStyle::Small:
            return theme.small;
        case TextStyle::Caption:
            return theme.caption;
        case TextStyle::CaptionStrong:
            return theme.weighted(theme.caption, QFont::DemiBold);
        case TextStyle::PanelTitle:
            return theme.panelTitle;
        case TextStyle::Heading:
            return theme.heading;
        case TextStyle::Figure:
            return theme.figure(15);
        case TextStyle::Product:
            return theme.product;
        case TextStyle::Code:
            return theme.code;
    }
    return theme.ui;
}

ThemedLabel::ThemedLabel(const ThemeHub& hub, const QString& text, TextStyle style, Color color, QWidget* parent)
    : QLabel(text, parent), m_hub(hub), m_style(style), m_color(color) {
    setTextFormat(Qt::PlainText);
    followTheme(hub, this, [this] { restyle(); });
}

void ThemedLabel::setColor(Color color) {
    m_color = color;
    restyle();
}

void ThemedLabel::setElide(Qt::TextElideMode mode) {
    m_elide = mode;
    updateGeometry();
    update();
}

QSize ThemedLabel::minimumSizeHint() const {
    QSize size = QLabel::minimumSizeHint();
    if (m_elide != Qt::ElideNone) size.setWidth(m_hub.px(24));
    return size;
}

void ThemedLabel::restyle() {
    setFont(fontOf(m_hub.theme(), m_style));
    QPalette own = palette();
    own.setColor(QPalette::WindowText, m_hub.color(m_color));
    setPalette(own);
}

void ThemedLabel::paintEvent(QPaintEvent* event) {
    if (m_elide == Qt::ElideNone || fontMetrics().horizontalAdvance(text()) <= contentsRect().width())
        return QLabel::paintEvent(event);
    QPainter painter(this);
    painter.setPen(m_hub.color(m_color));
    painter.drawText(contentsRect(), static_cast<int>(alignment()) | Qt::TextSingleLine,
                     fontMetrics().elidedText(text(), m_elide, contentsRect().width()));
}

}  // namespace qat::ui
