// Makes buttons; the style reads their kind from dynamic properties.
#include "widgets/buttons.h"

#include <QVariant>

#include "style/theme_hub.h"
#include "style/theme_icon.h"

namespace qat::ui {

QPushButton* makeButton(const ThemeHub& hub, const QString& text, ButtonKind kind, const QString& icon, bool small,
                        QWidget* parent) {
    auto* button = new QPushButton(text, parent);
    if (kind == ButtonKind::Primary) button->setProperty("primary", true);
    if (kind == ButtonKind::Flat) button->setProperty("flat", true);
    if (kind == ButtonKind::Link) button->setProperty("link", true);
    if (small) button->setProperty("small", true);
    if (!icon.isEmpty())
        button->setIcon(themeIcon(hub, icon, kind == ButtonKind::Primary ? Color::OnAccent : Color::Text2));
    button->setFont(hub.theme().weighted(small ? hub.theme().small : hub.theme().ui, QFont::Medium));
    button->setAutoDefault(false);
    return button;
}

QToolButton* makeIconButton(const ThemeHub& hub, const QString& icon, const QString& tip, QWidget* parent) {
    auto* button = new QToolButton(parent);
    button->setIcon(themeIcon(hub, icon, Color::Text3));
    button->setToolTip(tip);
    button->setAccessibleName(tip);
    button->setAutoRaise(true);
    button->setFixedSize(hub.px(24), hub.px(24));
    return button;
}

}  // namespace qat::ui
