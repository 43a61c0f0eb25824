// Lays out the sentence and the buttons.
#include "widgets/empty_state.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>

#include "style/theme_hub.h"
#include "widgets/themed_label.h"

namespace qat::ui {

EmptyState::EmptyState(const ThemeHub& hub, const QString& sentence, QWidget* parent)
    : QWidget(parent),
      m_hub(hub),
      m_label(new ThemedLabel(hub, sentence, TextStyle::Body, Color::Text2, this)),
      m_buttons(new QHBoxLayout) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(hub.px(16), hub.px(24), hub.px(16), hub.px(16));
    column->setSpacing(hub.px(12));
    m_label->setWordWrap(true);
    column->addWidget(m_label);
    m_buttons->setSpacing(hub.px(8));
    m_buttons->addStretch(1);
    column->addLayout(m_buttons);
    column->addStretch(1);
}

void EmptyState::paintEvent(QPaintEvent*) {
    QPainter(this).fillRect(rect(), m_hub.color(Color::Surface));
}

void EmptyState::setSentence(const QString& sentence) {
    m_label->setText(sentence);
}

void EmptyState::addButton(QWidget* button) {
    m_buttons->insertWidget(m_buttons->count() - 1, button);
}

}  // namespace qat::ui
