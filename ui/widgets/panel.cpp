// Headers, hairlines and surfaces.
#include "widgets/panel.h"

#include <QHBoxLayout>
#include <QPainter>

#include "style/theme_hub.h"
#include "widgets/themed_label.h"

namespace qat::ui {

PanelHeader::PanelHeader(const ThemeHub& hub, const QString& title, QWidget* parent)
    : QWidget(parent),
      m_hub(hub),
      m_title(new ThemedLabel(hub, title, TextStyle::PanelTitle, Color::Text, this)),
      m_detail(new ThemedLabel(hub, {}, TextStyle::Small, Color::Text3, this)),
      m_layout(new QHBoxLayout(this)) {
    setFixedHeight(hub.px(34));
    m_layout->setContentsMargins(hub.px(12), 0, hub.px(6), 1);
    m_layout->setSpacing(hub.px(8));
    m_detail->setElide(Qt::ElideRight);
    m_detail->setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Preferred);
    m_layout->addWidget(m_title);
    m_layout->addWidget(m_detail);
    m_layout->addStretch(1);
    m_title->setVisible(!title.isEmpty());  // else its gap would push what follows off the left edge
    m_detail->hide();
    connect(&hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
}

void PanelHeader::setTitle(const QString& title) {
    m_title->setText(title);
    m_title->setVisible(!title.isEmpty());
}
QSize PanelHeader::sizeHint() const {
    return {QWidget::sizeHint().width(), m_hub.px(34)};
}
QString PanelHeader::title() const {
    return m_title->text();
}

void PanelHeader::setDetail(const QString& text) {
    m_detail->setText(text);
    m_detail->setVisible(!text.isEmpty());
}

void PanelHeader::addWidget(QWidget* widget) {
    m_layout->addWidget(widget);
}
void PanelHeader::addLeading(QWidget* widget) {
    m_layout->insertWidget(m_layout->count() - 1, widget);
}

void PanelHeader::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), m_hub.color(Color::Surface));
    painter.fillRect(0, height() - 1, width(), 1, m_hub.color(Color::Border));
}

QDockWidget* makeDock(PanelHeader* header, const QString& key, QWidget* content, QWidget* parent) {
    auto* dock = new QDockWidget(header->title(), parent);
    dock->setObjectName(key);
    dock->setTitleBarWidget(header);
    dock->setWidget(content);
    dock->setFeatures(QDockWidget::DockWidgetMovable | QDockWidget::DockWidgetFloatable |
                      QDockWidget::DockWidgetClosable);
    return dock;
}

Hairline::Hairline(const ThemeHub& hub, Qt::Orientation orientation, QWidget* parent) : QWidget(parent), m_hub(hub) {
    if (orientation == Qt::Horizontal)
        setFixedHeight(1);
    else
        setFixedWidth(1);
}

void Hairline::paintEvent(QPaintEvent*) {
    QPainter(this).fillRect(rect(), m_hub.color(Color::Border));
}

Surface::Surface(const ThemeHub& hub, bool windowColor, QWidget* parent)
    : QWidget(parent), m_hub(hub), m_windowColor(windowColor) {
    connect(&hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
}

void Surface::paintEvent(QPaintEvent*) {
    QPainter(this).fillRect(rect(), m_hub.color(m_windowColor ? Color::Window : Color::Surface));
}

}  // namespace qat::ui
