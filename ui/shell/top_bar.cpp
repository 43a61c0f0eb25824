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

constexpr int kLongestValue = 190, kShortValue = 116;  // px at the base font
constexpr int kSpare = 36;
constexpr int kMostSteps = 6;

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
    const QString full = m_caption + QStringLiteral(": ") + m_value;
    setToolTip(tip.isEmpty() ? full : full + QLatin1Char('\n') + tip);
    updateGeometry();
    update();
    Q_EMIT valueChanged();
}

QSize ContextButton::sizeHint() const {
    const Theme& theme = m_hub.theme();
    const int caption = m_noCaption ? -theme.px(6) : QFontMetrics(theme.small).horizontalAdvance(m_caption);
    const int value = QFontMetrics(theme.weighted(theme.ui, QFont::Medium)).horizontalAdvance(m_value);
    return {caption + std::min(value, theme.px(m_shortValue ? kShortValue : kLongestValue)) + theme.px(40),
            theme.px(28)};
}

void ContextButton::setNarrow(bool noCaption, bool shortValue) {
    m_noCaption = noCaption;
    m_shortValue = shortValue;
    updateGeometry();
    update();
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
    if (!m_noCaption) {
        painter.drawText(text, Qt::AlignVCenter, m_caption);
        text.setLeft(text.left() + painter.fontMetrics().horizontalAdvance(m_caption) + theme.px(6));
    }
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
    return {m_hub.px(m_iconOnly ? 32 : 230), m_hub.px(28)};
}

void SearchButton::setIconOnly(bool iconOnly) {
    m_iconOnly = iconOnly;
    updateGeometry();
    update();
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
    if (m_iconOnly) return;
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

TopBar::TopBar(const ThemeHub& hub, const std::vector<PageSpec>& pages, QWidget* parent)
    : QToolBar(parent), m_hub(hub) {
    setObjectName(QStringLiteral("perspectives"));
    setWindowTitle(tr("Tool bar"));
    setMovable(false);
    setFloatable(false);
    setContextMenuPolicy(Qt::PreventContextMenu);
    setFixedHeight(hub.px(44));
    auto* all = m_all = new QWidget(this);
    all->setMinimumWidth(1);  // else the bar hides all of it in a narrow window; fit() sees to it
    auto* row = new QHBoxLayout(all);
    row->setContentsMargins(hub.px(12), 0, hub.px(12), hub.px(2));
    row->setSpacing(hub.px(10));
    m_perspectives = new SegmentBar(hub, false, all);
    m_perspectives->setAccessibleName(tr("Perspective"));
    for (const PageSpec& page : pages)
        if (!page.icon.isEmpty()) m_perspectives->addSegment(page.key, page.plainTitle(), page.icon, page.shortcut);
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
    for (ContextButton* button : {m_model, m_config, m_data})
        connect(button, &ContextButton::valueChanged, this, &TopBar::fit);
    connect(&hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
}

void TopBar::showContext(bool shown) {
    m_context->setVisible(shown);
    fit();
}

void TopBar::resizeEvent(QResizeEvent* event) {
    QToolBar::resizeEvent(event);
    fit();
}

void TopBar::fit() {
    const int spare = m_hub.px(kSpare);  // the button at the end changes its text
    int steps = 0;
    for (giveWay(0); steps < kMostSteps && m_all->layout()->totalSizeHint().width() + spare > width();)
        giveWay(++steps);
}

void TopBar::giveWay(int steps) {
    for (ContextButton* button : {m_model, m_config, m_data}) button->setNarrow(steps >= 1, steps >= 2);
    m_data->setVisible(steps < 3);
    m_config->setVisible(steps < 4);
    m_search->setIconOnly(steps >= 5);
    m_perspectives->setIconsOnly(steps >= 6);
    m_context->layout()->invalidate();
    m_context->updateGeometry();
    m_all->layout()->invalidate();
}

void TopBar::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), m_hub.color(Color::Window));
    painter.fillRect(0, height() - 1, width(), 1, m_hub.color(Color::Border));
}

}  // namespace qat::ui
