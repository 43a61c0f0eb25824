// Painting of the rows.
#include "analyze/fact_list.h"

#include <QPainter>

namespace qat::ui {

FactList::FactList(ThemeHub* hub, const QString& title, const QString& noteTitle, QWidget* parent)
    : QWidget(parent), m_hub(hub), m_title(title), m_noteTitle(noteTitle) {
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setAccessibleName(title);
    connect(hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
}

void FactList::setFacts(std::vector<Fact> facts) {
    if (facts == m_facts) return;
    m_facts = std::move(facts);
    QStringList words;
    for (const Fact& fact : m_facts) words << fact.name + QLatin1Char(' ') + fact.value + QLatin1Char(' ') + fact.note;
    setAccessibleDescription(words.join(QStringLiteral("; ")));
    setToolTip(words.join(QLatin1Char('\n')));
    updateGeometry();
    update();
}

QSize FactList::sizeHint() const {
    return {m_hub->px(320), static_cast<int>(m_facts.size()) * m_hub->px(22) + m_hub->px(40)};
}

void FactList::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = m_hub->theme();
    const int pad = theme.px(12), inner = width() - 2 * pad, valueLeft = pad + theme.px(112);
    const QRect head(pad, theme.px(10), inner, theme.px(18));
    painter.setFont(theme.weighted(theme.caption, QFont::DemiBold));
    painter.setPen(theme.color(Color::Text2));
    painter.drawText(head, Qt::AlignVCenter, m_title);
    painter.setFont(theme.caption);
    painter.drawText(head, Qt::AlignVCenter | Qt::AlignRight, m_noteTitle);
    int y = theme.px(32);
    for (const Fact& fact : m_facts) {
        const int height = theme.px(22);
        painter.setFont(theme.small);
        painter.setPen(theme.color(Color::Text2));
        painter.drawText(QRect(pad, y, valueLeft - pad, height), Qt::AlignVCenter, fact.name);
        const int noteWidth =
            fact.note.isEmpty() ? 0
                                : std::min(painter.fontMetrics().horizontalAdvance(fact.note) + theme.px(8), inner / 2);
        painter.drawText(QRect(pad + inner - noteWidth, y, noteWidth, height), Qt::AlignVCenter | Qt::AlignRight,
                         painter.fontMetrics().elidedText(fact.note, Qt::ElideRight, noteWidth));
        if (fact.code) painter.setFont(theme.smallCode);
        painter.setPen(theme.color(Color::Text));
        const int valueWidth = pad + inner - noteWidth - valueLeft;
        painter.drawText(
            QRect(valueLeft, y, valueWidth, height), Qt::AlignVCenter,
            painter.fontMetrics().elidedText(fact.value, fact.code ? Qt::ElideMiddle : Qt::ElideRight, valueWidth));
        y += height;
    }
}

}  // namespace qat::ui
