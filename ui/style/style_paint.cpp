// How each control is drawn: flat fills, one-pixel outlines, one accent.
#include <QComboBox>
#include <QPainter>
#include <QStyleOption>
#include <QWidget>

#include "style/style.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"

namespace qat::ui {
namespace {

constexpr double kRadius = 5;

// A rounded box whose outline lies on whole pixels.
void box(QPainter& painter, const QRect& rect, const QColor& fill, const QColor& line, double radius,
         double width = 1) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(line.isValid() ? QPen(line, width) : QPen(Qt::NoPen));
    painter.setBrush(fill.isValid() ? QBrush(fill) : QBrush(Qt::NoBrush));
    const double inset = line.isValid() ? width / 2 : 0;
    painter.drawRoundedRect(QRectF(rect).adjusted(inset, inset, -inset, -inset), radius, radius);
    painter.restore();
}

bool has(const QStyleOption& option, QStyle::StateFlag flag) {
    return option.state & flag;
}

bool keyboardFocus(const QStyleOption& option) {
    return has(option, QStyle::State_HasFocus) && has(option, QStyle::State_KeyboardFocusChange);
}

QRectF glyphBox(const QRect& area, double side) {
    return {area.center().x() + 0.5 - side / 2, area.center().y() + 0.5 - side / 2, side, side};
}

}  // namespace

void Style::drawButtonPanel(const QStyleOption& option, QPainter& painter, const QWidget* widget) const {
    const Theme& t = theme();
    const bool enabled = has(option, State_Enabled), hover = enabled && has(option, State_MouseOver);
    const bool down = has(option, State_Sunken) || has(option, State_On);
    const bool flat = widget && (widget->property("flat").toBool() || widget->property("link").toBool());
    if (widget && widget->property("primary").toBool() && enabled) {
        QColor fill = t.color(Color::AccentFill);
        if (down)
            fill = fill.darker(115);
        else if (hover)
            fill = t.dark ? fill.lighter(108) : fill.darker(107);
        box(painter, option.rect, fill, fill, kRadius);
    } else if (flat) {
        if (hover || down) box(painter, option.rect, t.color(down ? Color::Sunken : Color::Hover), {}, kRadius);
    } else {
        const QColor fill = !enabled ? QColor() : t.color(down ? Color::Sunken : hover ? Color::Hover : Color::Raised);
        box(painter, option.rect, fill, t.color(enabled ? Color::BorderStrong : Color::Border), kRadius);
    }
    if (keyboardFocus(option)) box(painter, option.rect, {}, t.color(Color::Accent), kRadius, 2);
}

void Style::drawToolPanel(const QStyleOption& option, QPainter& painter) const {
    const bool pressed = has(option, State_Sunken) || has(option, State_On);
    if (pressed)
        box(painter, option.rect, theme().color(Color::Sunken), {}, 4);
    else if (has(option, State_MouseOver) && has(option, State_Enabled))
        box(painter, option.rect, theme().color(Color::Hover), {}, 4);
    if (keyboardFocus(option)) box(painter, option.rect, {}, theme().color(Color::Accent), 4, 2);
}

void Style::drawField(const QStyleOption& option, QPainter& painter) const {
    if (const auto* frame = qstyleoption_cast<const QStyleOptionFrame*>(&option); frame && frame->lineWidth <= 0)
        return;  // a frameless field inside another control
    const Theme& t = theme();
    const bool enabled = has(option, State_Enabled), focus = has(option, State_HasFocus);
    box(painter, option.rect, enabled ? t.color(Color::Surface) : QColor(),
        t.color(focus     ? Color::Accent
                : enabled ? Color::BorderStrong
                          : Color::Border),
        kRadius, focus ? 2 : 1);
}

void Style::drawCheckMark(const QStyleOption& option, QPainter& painter, bool round) const {
    const Theme& t = theme();
    const bool enabled = has(option, State_Enabled), on = has(option, State_On);
    const double radius = round ? option.rect.width() / 2.0 : 3;
    const QColor line = t.color(!enabled ? Color::BorderStrong : on ? Color::AccentFill : Color::Control);
    const QColor fill = !enabled ? QColor() : t.color(on ? Color::AccentFill : Color::Surface);
    box(painter, option.rect, fill, line, radius, 1.2);
    const QColor ink = t.color(enabled ? Color::OnAccent : Color::Text3);
    const QRectF inner = QRectF(option.rect).adjusted(2, 2, -2, -2);
    if (on && round) {
        painter.save();
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(ink);
        painter.drawEllipse(inner.center(), t.px(3), t.px(3));
        painter.restore();
    } else if (on) {
        paintIcon(painter, inner, QStringLiteral("check"), ink, 2.2);
    } else if (has(option, State_NoChange)) {
        paintIcon(painter, inner, QStringLiteral("minus"), t.color(Color::Text2), 2.2);
    }
    if (keyboardFocus(option)) box(painter, option.rect.adjusted(-2, -2, 2, 2), {}, t.color(Color::Accent), 4, 1.5);
}

void Style::drawHeader(const QStyleOption& option, QPainter& painter, const QWidget*) const {
    const Theme& t = theme();
    const QRect r = option.rect;
    painter.fillRect(r, t.color(has(option, State_MouseOver) ? Color::Hover : Color::Surface));
    painter.fillRect(r.left(), r.bottom(), r.width(), 1, t.color(Color::Border));
}

void Style::drawTab(const QStyleOption& option, QPainter& painter, const QWidget*) const {
    const Theme& t = theme();
    const QRect r = option.rect;
    if (has(option, State_MouseOver) && !has(option, State_Selected))
        box(painter, r.adjusted(1, 4, -1, -4), t.color(Color::Hover), {}, 4);
    if (has(option, State_Selected))
        painter.fillRect(r.left() + t.px(6), r.bottom() - 1, r.width() - t.px(12), 2, t.color(Color::Accent));
}

void Style::drawCombo(const QStyleOptionComplex& option, QPainter& painter, const QWidget* widget) const {
    const Theme& t = theme();
    const auto* combo = qstyleoption_cast<const QStyleOptionComboBox*>(&option);
    const bool enabled = has(option, State_Enabled), focus = has(option, State_HasFocus);
    const bool flat = widget && widget->property("flat").toBool();
    const QColor line = t.color(focus && !flat ? Color::Accent : enabled ? Color::BorderStrong : Color::Border);
    if (flat) {
        if (has(option, State_MouseOver)) box(painter, option.rect, t.color(Color::Hover), {}, kRadius);
    } else {
        box(painter, option.rect, enabled ? t.color(Color::Surface) : QColor(), line, kRadius, focus ? 2 : 1);
    }
    if (!combo) return;
    const QRect arrow = subControlRect(CC_ComboBox, &option, SC_ComboBoxArrow, widget);
    paintIcon(painter, glyphBox(arrow, t.px(12)).translated(-t.px(2), 0), QStringLiteral("chevron-down"),
              t.color(Color::Text3), 1.6);
}

void Style::drawSpin(const QStyleOptionComplex& option, QPainter& painter, const QWidget* widget) const {
    const Theme& t = theme();
    const bool enabled = has(option, State_Enabled), focus = has(option, State_HasFocus);
    box(painter, option.rect, enabled ? t.color(Color::Surface) : QColor(),
        t.color(focus     ? Color::Accent
                : enabled ? Color::BorderStrong
                          : Color::Border),
        kRadius, focus ? 2 : 1);
    const auto* spin = qstyleoption_cast<const QStyleOptionSpinBox*>(&option);
    if (!spin || spin->buttonSymbols == QAbstractSpinBox::NoButtons) return;
    const QRect up = subControlRect(CC_SpinBox, &option, SC_SpinBoxUp, widget);
    const QRect down = subControlRect(CC_SpinBox, &option, SC_SpinBoxDown, widget);
    const auto ink = [&](SubControl part, QAbstractSpinBox::StepEnabledFlag step) {
        if (!(spin->stepEnabled & step)) return t.color(Color::BorderStrong);
        return t.color((option.activeSubControls & part) && has(option, State_MouseOver) ? Color::Text : Color::Text3);
    };
    paintIcon(painter, glyphBox(up, t.px(10)).translated(0, 1), QStringLiteral("chevron-up"),
              ink(SC_SpinBoxUp, QAbstractSpinBox::StepUpEnabled), 1.8);
    paintIcon(painter, glyphBox(down, t.px(10)).translated(0, -1), QStringLiteral("chevron-down"),
              ink(SC_SpinBoxDown, QAbstractSpinBox::StepDownEnabled), 1.8);
}

void Style::drawSlider(const QStyleOptionComplex& option, QPainter& painter, const QWidget* widget) const {
    const Theme& t = theme();
    const QRect groove = subControlRect(CC_Slider, &option, SC_SliderGroove, widget);
    const QRect handle = subControlRect(CC_Slider, &option, SC_SliderHandle, widget);
    const auto* slider = qstyleoption_cast<const QStyleOptionSlider*>(&option);
    const bool flat = !slider || slider->orientation == Qt::Horizontal;
    const bool enabled = has(option, State_Enabled);
    QRect track = flat ? QRect(groove.left(), groove.center().y() - 1, groove.width(), 4)
                       : QRect(groove.center().x() - 1, groove.top(), 4, groove.height());
    box(painter, track, t.color(t.dark ? Color::Border : Color::Sunken), {}, 2);
    QRect done = track;
    if (flat)
        done.setRight(handle.center().x());
    else
        done.setTop(handle.center().y());
    if (enabled) box(painter, done, t.color(Color::AccentFill), {}, 2);
    const int side = t.px(14);
    QRect knob(0, 0, side, side);
    knob.moveCenter(handle.center());
    box(painter, knob, t.color(Color::Raised), t.color(enabled ? Color::Accent : Color::BorderStrong), side / 2.0,
        keyboardFocus(option) ? 2.5 : 1.5);
}

void Style::drawScrollBar(const QStyleOptionComplex& option, QPainter& painter, const QWidget* widget) const {
    const Theme& t = theme();
    const auto* slider = qstyleoption_cast<const QStyleOptionSlider*>(&option);
    if (!slider) return;
    painter.fillRect(option.rect, t.color(Color::Surface));
    if (slider->maximum <= slider->minimum) return;
    QRect thumb = subControlRect(CC_ScrollBar, &option, SC_ScrollBarSlider, widget);
    const int trim = slider->orientation == Qt::Horizontal ? thumb.height() : thumb.width();
    const int inset = std::max(1, (trim - t.px(6)) / 2);
    thumb = slider->orientation == Qt::Horizontal ? thumb.adjusted(2, inset, -2, -inset)
                                                  : thumb.adjusted(inset, 2, -inset, -2);
    const bool active = has(option, State_MouseOver) || has(option, State_Sunken);
    box(painter, thumb, t.color(active ? Color::Control : Color::BorderStrong), {}, 3);
}

}  // namespace qat::ui
