// Metrics, and which painter of style_paint.cpp draws what.
#include "style/style.h"

#include <QAbstractButton>
#include <QAbstractScrollArea>
#include <QComboBox>
#include <QPainter>
#include <QScrollBar>
#include <QStyleFactory>
#include <QStyleOption>

#include "style/theme_hub.h"
#include "style/theme_icon.h"

namespace qat::ui {

Style::Style(const ThemeHub& hub) : QProxyStyle(QStyleFactory::create(QStringLiteral("Fusion"))), m_hub(hub) {
    setObjectName(QStringLiteral("qatelier"));
}

const Theme& Style::theme() const {
    return m_hub.theme();
}

void Style::polish(QWidget* widget) {
    QProxyStyle::polish(widget);
    // Hover must reach the controls that show it.
    if (qobject_cast<QAbstractButton*>(widget) || qobject_cast<QComboBox*>(widget) || qobject_cast<QScrollBar*>(widget))
        widget->setAttribute(Qt::WA_Hover);
}

void Style::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                          const QWidget* widget) const {
    switch (element) {
        case PE_PanelButtonCommand:
            return drawButtonPanel(*option, *painter, widget);
        case PE_PanelButtonTool:
            return drawToolPanel(*option, *painter);
        case PE_PanelLineEdit:
        case PE_FrameLineEdit:
            return drawField(*option, *painter);
        case PE_IndicatorCheckBox:
            return drawCheckMark(*option, *painter, false);
        case PE_IndicatorRadioButton:
            return drawCheckMark(*option, *painter, true);
        case PE_IndicatorDockWidgetResizeHandle:
            painter->fillRect(option->rect, theme().color(Color::Border));
            return;
        case PE_FrameStatusBarItem:
        case PE_FrameDefaultButton:
        case PE_FrameTabBarBase:
        case PE_FrameMenu:
        case PE_PanelStatusBar:
            return;
        case PE_PanelToolBar:
        case PE_PanelMenuBar:
            return;
        case PE_IndicatorHeaderArrow: {
            const auto* header = qstyleoption_cast<const QStyleOptionHeader*>(option);
            if (!header || header->sortIndicator == QStyleOptionHeader::None) return;
            const bool up = header->sortIndicator == QStyleOptionHeader::SortUp;
            const double side = theme().px(10);
            const QPointF middle = QRectF(option->rect).center();
            paintIcon(*painter, QRectF(middle.x() - side / 2, middle.y() - side / 2, side, side),
                      up ? QStringLiteral("chevron-up") : QStringLiteral("chevron-down"), theme().color(Color::Text3),
                      2);
            return;
        }
        case PE_FrameFocusRect: {
            if (!(option->state & State_KeyboardFocusChange)) return;
            painter->save();
            painter->setRenderHint(QPainter::Antialiasing);
            painter->setPen(QPen(theme().color(Color::Accent), 1));
            painter->setBrush(Qt::NoBrush);
            painter->drawRoundedRect(QRectF(option->rect).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
            painter->restore();
            return;
        }
        default:
            QProxyStyle::drawPrimitive(element, option, painter, widget);
    }
}

void Style::drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                        const QWidget* widget) const {
    switch (element) {
        case CE_HeaderSection:
            return drawHeader(*option, *painter, widget);
        case CE_HeaderLabel: {
            // The first column begins where its cells do: 12 px from the edge.
            const auto* section = qstyleoption_cast<const QStyleOptionHeader*>(option);
            if (!section || (section->position != QStyleOptionHeader::Beginning &&
                             section->position != QStyleOptionHeader::OnlyOneSection))
                break;
            QStyleOptionHeader first = *section;
            first.rect.setLeft(first.rect.left() + theme().px(4));
            return QProxyStyle::drawControl(element, &first, painter, widget);
        }
        case CE_HeaderEmptyArea: {
            QRect area = option->rect;
            painter->fillRect(area, theme().color(Color::Surface));
            painter->fillRect(area.left(), area.bottom(), area.width(), 1, theme().color(Color::Border));
            return;
        }
        case CE_TabBarTabShape:
            return drawTab(*option, *painter, widget);
        case CE_Splitter:
            painter->fillRect(option->rect, theme().color(Color::Border));
            return;
        case CE_ToolBar:
            return;
        case CE_PushButtonLabel: {
            QStyleOptionButton button = *static_cast<const QStyleOptionButton*>(option);
            if (widget && widget->property("primary").toBool() && (option->state & State_Enabled))
                button.palette.setColor(QPalette::ButtonText, theme().color(Color::OnAccent));
            else if (widget && widget->property("link").toBool())
                button.palette.setColor(QPalette::ButtonText, theme().color(Color::Accent));
            else if (widget && widget->property("flat").toBool())
                button.palette.setColor(QPalette::ButtonText, theme().color(Color::Text2));
            return QProxyStyle::drawControl(element, &button, painter, widget);
        }
        default:
            break;
    }
    QProxyStyle::drawControl(element, option, painter, widget);
}

void Style::drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                               const QWidget* widget) const {
    switch (control) {
        case CC_ComboBox:
            return drawCombo(*option, *painter, widget);
        case CC_SpinBox:
            return drawSpin(*option, *painter, widget);
        case CC_Slider:
            return drawSlider(*option, *painter, widget);
        case CC_ScrollBar:
            return drawScrollBar(*option, *painter, widget);
        default:
            QProxyStyle::drawComplexControl(control, option, painter, widget);
    }
}

QRect Style::subControlRect(ComplexControl control, const QStyleOptionComplex* option, SubControl part,
                            const QWidget* widget) const {
    const Theme& t = theme();
    const QRect all = option->rect;
    if (control == CC_ComboBox && part == SC_ComboBoxEditField) return all.adjusted(t.px(7), 1, -t.px(20), -1);
    if (control == CC_ComboBox && part == SC_ComboBoxArrow)
        return {all.right() - t.px(20), all.top(), t.px(20), all.height()};
    if (control == CC_ScrollBar) {
        const auto* slider = qstyleoption_cast<const QStyleOptionSlider*>(option);
        if (part == SC_ScrollBarAddLine || part == SC_ScrollBarSubLine) return {};
        if (part == SC_ScrollBarGroove) return all;
        if (part == SC_ScrollBarSlider && slider) {
            const bool flat = slider->orientation == Qt::Horizontal;
            const int length = flat ? all.width() : all.height();
            const qint64 range = qint64(slider->maximum) - slider->minimum;
            int size = length;
            if (range > 0) size = int(qint64(slider->pageStep) * length / (range + slider->pageStep));
            size = std::clamp(size, std::min(length, t.px(28)), length);
            const int start = sliderPositionFromValue(slider->minimum, slider->maximum, slider->sliderPosition,
                                                      length - size, slider->upsideDown);
            return flat ? QRect(start, all.top(), size, all.height()) : QRect(all.left(), start, all.width(), size);
        }
    }
    return QProxyStyle::subControlRect(control, option, part, widget);
}

// Text in a field keeps 6 px from its outline.
QRect Style::subElementRect(SubElement element, const QStyleOption* option, const QWidget* widget) const {
    const QRect area = QProxyStyle::subElementRect(element, option, widget);
    const auto* frame = qstyleoption_cast<const QStyleOptionFrame*>(option);
    const bool framed = element == SE_LineEditContents && frame && frame->lineWidth > 0;
    return framed ? area.adjusted(theme().px(3), 0, -theme().px(3), 0) : area;
}

QSize Style::sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& contents,
                              const QWidget* widget) const {
    const Theme& t = theme();
    QSize size = QProxyStyle::sizeFromContents(type, option, contents, widget);
    const bool small = widget && widget->property("small").toBool();
    if (type == CT_PushButton) {
        size = contents + QSize(t.px(22), 0);
        if (const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option))
            if (button->features & QStyleOptionButton::HasMenu) size.rwidth() += t.px(14);
        size.setHeight(t.px(small ? 24 : 28));
    } else if (type == CT_ComboBox || type == CT_SpinBox || type == CT_LineEdit) {
        size.setHeight(t.px(small ? 24 : 26));
    } else if (type == CT_HeaderSection) {
        size.setHeight(t.px(26));
    } else if (type == CT_TabBarTab) {
        size.setHeight(t.px(34));
    } else if (type == CT_MenuBarItem) {
        size.setHeight(t.px(26));
    }
    return size;
}

int Style::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const {
    const Theme& t = theme();
    switch (metric) {
        case PM_DockWidgetSeparatorExtent:
        case PM_SplitterWidth:
            return 1;
        case PM_DockWidgetFrameWidth:
        case PM_DefaultFrameWidth:
            return qobject_cast<const QAbstractScrollArea*>(widget) ? 0
                                                                    : QProxyStyle::pixelMetric(metric, option, widget);
        case PM_ScrollBarExtent:
            return t.px(10);
        case PM_ScrollView_ScrollBarSpacing:
        case PM_ScrollView_ScrollBarOverlap:
            return 0;
        case PM_IndicatorWidth:
        case PM_IndicatorHeight:
        case PM_ExclusiveIndicatorWidth:
        case PM_ExclusiveIndicatorHeight:
            return t.px(15);
        case PM_SmallIconSize:
        case PM_ButtonIconSize:
        case PM_ToolBarIconSize:
            return t.px(16);
        case PM_SliderThickness:
            return t.px(18);
        case PM_SliderLength:
            return t.px(14);
        case PM_SliderControlThickness:
            return t.px(14);
        case PM_ToolBarItemSpacing:
            return t.px(4);
        case PM_ToolBarFrameWidth:
        case PM_ToolBarItemMargin:
            return 0;
        case PM_HeaderMargin:
            return t.px(8);
        case PM_ToolTipLabelFrameWidth:
            return 0;
        default:
            return QProxyStyle::pixelMetric(metric, option, widget);
    }
}

int Style::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                     QStyleHintReturn* returned) const {
    switch (hint) {
        case SH_Widget_Animate:
        case SH_Widget_Animation_Duration:
            return 0;
        case SH_ComboBox_Popup:
        case SH_ScrollBar_Transient:
            return 0;
        case SH_ScrollBar_LeftClickAbsolutePosition:
            return 1;
        case SH_ItemView_ActivateItemOnSingleClick:
            return 0;
        case SH_Slider_AbsoluteSetButtons:
            return Qt::LeftButton;
        case SH_EtchDisabledText:
        case SH_DitherDisabledText:
            return 0;
        case SH_UnderlineShortcut:
            return 0;
        default:
            return QProxyStyle::styleHint(hint, option, widget, returned);
    }
}

QIcon Style::standardIcon(StandardPixmap pixmap, const QStyleOption* option, const QWidget* widget) const {
    switch (pixmap) {
        case SP_LineEditClearButton:
        case SP_TitleBarCloseButton:
            return themeIcon(m_hub, QStringLiteral("close"), Color::Text3);
        case SP_ToolBarHorizontalExtensionButton:
            return themeIcon(m_hub, QStringLiteral("chevron-right"));
        default:
            return QProxyStyle::standardIcon(pixmap, option, widget);
    }
}

}  // namespace qat::ui
