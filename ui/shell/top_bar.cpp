// Lays out and paints the tool bar.
#include "shell/top_bar.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>

#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/buttons.h"
#include "widgets/panel.h"
#include "widgets/segment_bar.h"

namespace qat::ui {
namespace {

constexpr int kLongestValue = 190;  // px at the base font

}  // namespace

ContextButton::ContextButton(const ThemeHub& hub, const QString& caption, QWidget* parent)
    : QToolButton(parent), m_hub(hub), m_caption(caption) {
    setPopupMode(InstantPopup);
    setAutoRaise(true);
    setFocusPolicy(Qt::TabFocus);
    setValue({});
}

void ContextButton::setValue(const QString& value, const QString& tip) {
    m_value = value.isEmpty() ? tr("none") : value;
    setAccessibleName(m_caption + QLatin1Char(' ') + m_value);
    setToolTip(tip.isEmpty() ? m_value : m_value + QLatin1Char('\n') + tip);
    updateGeometry();
    update();
}

QSize ContextButton::sizeHint() const {
    const Theme& theme = m_hub.theme();
    const int caption = QFontMetrics(theme.small).horizontalAdvance(m_caption);
    const int value = QFontMetrics(theme.weighted(theme.ui, QFont::Medium)).horizontalAdvance(m_value);
    return {caption + std::min(value, theme.px(kLongestValue)) + theme.px(40), theme.px(28)};
}

void ContextButton::paintEvent(QPaintEvent*) {
    const Theme& theme = m_hub.theme();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (underMouse() || hasFocus() || isDown()) {
        painter.setPen(hasFocus() ? QPen(theme.color(Color::Accent), 1) : QPen(Qt::NoPen));
        painter.setBrush(theme.color(Color::Sunken));
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5);
    }
    QRect text = rect().adjusted(theme.px(8), 0, -theme.px(22), 0);
    painter.setFont(theme.small);
    painter.setPen(theme.color(Color::Text3));
    painter.drawText(text, Qt::AlignVCenter, m_caption);
    text.setLeft(text.left() + painter.fontMetrics().horizontalAdvance(m_caption) + theme.px(6));
    painter.setFont(theme.weighted(theme.ui, QFont::Medium));
    painter.setPen(theme.color(isEnabled() ? Color::Text : Color::Text3));
    painter.drawText(text, Qt::AlignVCenter, painter.fontMetrics().elidedText(m_value, Qt::ElideMiddle, text.width()));
    const double side = theme.px(12);
    paintIcon(painter, QRectF(width() - theme.px(18), (height() - side) / 2, side, side),
              QStringLiteral("chevron-down"), theme.color(Color::Text3), 1.6);
}

SearchButton::SearchButton(const ThemeHub& hub, QWidget* parent) : QToolButton(parent), m_hub(hub) {
    setAccessibleName(tr("Find action or layer"));
    setToolTip(tr("Find an action or a layer (Ctrl+K)"));
}

QSize SearchButton::sizeHint() const {
    return {m_hub.px(230), m_hub.px(28)};
}

void SearchButton::paintEvent(QPaintEvent*) {
    const Theme& theme = m_hub.theme();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.color(hasFocus() ? Color::Accent : Color::BorderStrong), 1));
    painter.setBrush(theme.color(underMouse() ? Color::Hover : Color::Surface));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5);
    const double side = theme.px(14);
    paintIcon(painter, QRectF(theme.px(9), (height() - side) / 2, side, side), QStringLiteral("search"),
              theme.color(Color::Text3));
    painter.setFont(theme.ui);
    painter.setPen(theme.color(Color::Text3));
    painter.drawText(rect().adjusted(theme.px(29), 0, -theme.px(50), 0), Qt::AlignVCenter, tr("Find action, layer"));
    painter.setFont(theme.caption);
    const QString keys = QStringLiteral("Ctrl K");
    const int width = painter.fontMetrics().horizontalAdvance(keys) + theme.px(8);
    const QRectF box(rect().right() - width - theme.px(6), (height() - theme.px(17)) / 2.0, width, theme.px(17));
    painter.setPen(QPen(theme.color(Color::Border), 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
    painter.setPen(theme.color(Color::Text3));
    painter.drawText(box, Qt::AlignCenter, keys);
}

TopBar::TopBar(const ThemeHub& hub, QWidget* parent) : QToolBar(parent), m_hub(hub) {
    setObjectName(QStringLiteral("perspectives"));
    setWindowTitle(tr("Tool bar"));
    setMovable(false);
    setFloatable(false);
    setContextMenuPolicy(Qt::PreventContextMenu);
    setFixedHeight(hub.px(44));
    auto* all = new QWidget(this);
    auto* row = new QHBoxLayout(all);
    row->setContentsMargins(hub.px(12), 0, hub.px(12), hub.px(2));
    row->setSpacing(hub.px(10));
    m_perspectives = new SegmentBar(hub, false, all);
    m_perspectives->setAccessibleName(tr("Perspective"));
    m_perspectives->addSegment(QStringLiteral("configure"), tr("Configure"), QStringLiteral("sliders"), tr("Ctrl+1"));
    m_perspectives->addSegment(QStringLiteral("run"), tr("Run"), QStringLiteral("pulse"), tr("Ctrl+2"));
    m_perspectives->addSegment(QStringLiteral("analyze"), tr("Analyze"), QStringLiteral("bars"), tr("Ctrl+3"));
    m_perspectives->addSegment(QStringLiteral("compare"), tr("Compare"), QStringLiteral("compare"), tr("Ctrl+4"));
    m_perspectives->addSegment(QStringLiteral("export"), tr("Export"), QStringLiteral("export"), tr("Ctrl+5"));
    row->addWidget(m_perspectives);
    m_context = new QWidget(all);
    auto* context = new QHBoxLayout(m_context);
    context->setContentsMargins(0, 0, 0, 0);
    context->setSpacing(hub.px(4));
    auto* line = new Hairline(hub, Qt::Vertical, m_context);
    line->setFixedHeight(hub.px(20));
    context->addWidget(line);
    m_model = new ContextButton(hub, tr("Model"), m_context);
    m_config = new ContextButton(hub, tr("Config"), m_context);
    m_data = new ContextButton(hub, tr("Data"), m_context);
    for (ContextButton* button : {m_model, m_config, m_data}) context->addWidget(button);
    row->addWidget(m_context);
    row->addStretch(1);
    m_search = new SearchButton(hub, all);
    row->addWidget(m_search);
    m_run = makeButton(hub, tr("Run pipeline"), ButtonKind::Primary, QStringLiteral("play"), false, all);
    row->addWidget(m_run);
    all->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    addWidget(all);
    connect(&hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
}

void TopBar::showContext(bool shown) {
    m_context->setVisible(shown);
}

void TopBar::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), m_hub.color(Color::Window));
    painter.fillRect(0, height() - 1, width(), 1, m_hub.color(Color::Border));
}

}  // namespace qat::ui
