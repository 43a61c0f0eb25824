// Layers as sorted horizontal bars: one glance tells which one hurts most.
#pragma once

#include <QAbstractScrollArea>
#include <vector>

#include "charts/rank_layout.h"
#include "style/theme_hub.h"

namespace qat::ui {

// Click replaces, Ctrl toggles, Shift takes a range; arrows, Home, End, Page keys move; Esc clears.
class RankBars : public QAbstractScrollArea {
    Q_OBJECT
public:
    RankBars(ThemeHub* hub, SelectionHub* selection, QWidget* parent = nullptr);

    // `form`: of the numbers at the right and on the axis.
    void setBars(std::vector<RankBar> bars, const NumberForm& form);
    void setOrder(RankOrder order);
    // A logarithmic axis shows bars that a linear one leaves without any length. Values that are not above 0 have none
    // there.
    void setLogarithmic(bool on);
    bool isLogarithmic() const { return m_scale.log; }
    QString numberOf(int row) const;                             // as it is painted
    const std::vector<RankBar>& bars() const { return m_bars; }  // in drawing order
    QRect barRect(int row) const;                                // of the row, in viewport coordinates
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    bool viewportEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    int rowAt(QPoint position) const;
    void sort();
    void refit();
    void ensureVisible(int row);
    void selectRow(int row, Qt::KeyboardModifiers modifiers);
    void followHub(SelectionHub::Parts parts, const void* origin);
    void describe();

    ThemeHub* m_hub;
    SelectionHub* m_selection;
    std::vector<RankBar> m_bars, m_given;
    AxisScale m_scale;
    RankOrder m_order = RankOrder::Largest;
    NumberForm m_form;
    bool m_logarithmic = false;
    int m_anchor = -1;
};

}  // namespace qat::ui
