// Paints through the same functions as the delegates.
#include "widgets/chip_view.h"

#include <QPainter>
#include <QRegularExpression>

namespace qat::ui {

ChipView::ChipView(const ThemeHub* hub, QWidget* parent) : QWidget(parent), m_hub(hub) {
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    connect(hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
}

void ChipView::showChip(const Chip& chip) {
    m_chip = chip;
    m_pair = false;
    setAccessibleName(chip.text);
    updateGeometry();
    update();
}

void ChipView::showBits(int weightBits, int activationBits) {
    m_weightBits = weightBits;
    m_activationBits = activationBits;
    m_pair = true;
    const auto words = [](int bits) { return bits > 0 ? tr("%n bit", nullptr, bits) : tr("float"); };
    setAccessibleName(tr("weights %1, activations %2").arg(words(weightBits), words(activationBits)));
    setToolTip(accessibleName());
    updateGeometry();
    update();
}

QSize ChipView::sizeHint() const {
    const Theme& theme = m_hub->theme();
    if (!m_pair) return chipSize(m_chip, theme).toSize() + QSize(2, 2);
    const QSizeF weights = bitsSize(m_weightBits, QStringLiteral("W"), theme);
    const QSizeF activations = bitsSize(m_activationBits, QStringLiteral("A"), theme);
    return QSizeF(weights.width() + activations.width() + theme.px(2), weights.height()).toSize() + QSize(2, 2);
}

void ChipView::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (m_pair)
        paintBitsPair(painter, rect(), m_weightBits, m_activationBits, m_hub->theme());
    else if (!m_chip.text.isEmpty())
        paintChip(painter, rect(), m_chip, m_hub->theme());
}

std::pair<int, int> bitsOfMode(const QString& mode) {
    static const QRegularExpression pattern(QStringLiteral("w(\\d{1,2})(?:.*?a(\\d{1,2}))?"),
                                            QRegularExpression::CaseInsensitiveOption);
    const QRegularExpressionMatch match = pattern.match(mode);
    return {match.captured(1).toInt(), match.captured(2).toInt()};
}

}  // namespace qat::ui
