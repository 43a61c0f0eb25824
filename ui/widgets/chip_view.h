// A chip, or a pair of bits chips, as a small widget.
#pragma once

#include <QWidget>

#include "style/chip.h"
#include "style/theme_hub.h"

namespace qat::ui {

class ChipView : public QWidget {
    Q_OBJECT
public:
    explicit ChipView(const ThemeHub* hub, QWidget* parent = nullptr);
    void showChip(const Chip& chip);
    // 0 bits = float.
    void showBits(int weightBits, int activationBits);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const ThemeHub* m_hub;
    Chip m_chip;
    int m_weightBits = 0, m_activationBits = 0;
    bool m_pair = false;
};

// "w4a8" -> {4, 8}; a missing number is 0.
std::pair<int, int> bitsOfMode(const QString& mode);

}  // namespace qat::ui
