// Layers as sorted horizontal bars: one glance tells which one hurts most.
#pragma once

#include <QAbstractScrollArea>
#include <optional>
#include <vector>

#include "charts/chart_scale.h"
#include "document/selection_hub.h"
#include "style/theme_hub.h"
#include "widgets/number_form.h"

namespace qat::ui {

struct RankBar {
    LayerId layer = kNoLayer;
    QString label;
    double value = 0;  // not finite = no bar, sorted last
    std::optional<double> low, high;
    bool withinNoise = false;
};

// Click replaces, Ctrl toggles, Shift takes a range; arrows, Home, End, Page keys move; Esc clears.
class RankBars : public QAbstractScrollArea {
    Q_OBJECT
public:
    enum class Order { Largest, Smallest, Network };
    Q_ENUM(Order)

    RankBars(ThemeHub* hub, SelectionHub* selection, QWidget* parent = nullptr);

    // `form`: of the numbers at the right and on the axis.
    void setBars(std::vector<RankBar> bars, const NumberForm& form);
    void setOrder(Order order);
    // A logarithmic axis shows bars that a linear one leaves without any length. Values that are not above 0 have none
    // there.
    void setLogarithmic(bool on);
    bool isLogarithmic() const { return m_scale.log; }
    // Whether most bars would be too short to see on a linear axis.
    static bool needsLog(const std::vector<RankBar>& bars);
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
    struct Columns {
        double nameRight, barLeft, barRight, valueRight;
    };
    int rowHeight() const;
    int axisHeight() const;
    int rowAt(QPoint position) const;
    int rowOf(LayerId layer) const;
    Columns columns() const;
    void sort();
    void rescale();
    double scaled(double value) const;
    void refit();
    void ensureVisible(int row);
    void selectRow(int row, Qt::KeyboardModifiers modifiers);
    void followHub(SelectionHub::Parts parts, const void* origin);
    void paintAxis(QPainter& painter, const Columns& at) const;
    void paintRow(QPainter& painter, int row, const Columns& at) const;
    void paintBar(QPainter& painter, const RankBar& bar, const QRectF& area, const Columns& at) const;
    void describe();

    ThemeHub* m_hub;
    SelectionHub* m_selection;
    std::vector<RankBar> m_bars, m_given;
    AxisScale m_scale;
    Order m_order = Order::Largest;
    NumberForm m_form;
    bool m_logarithmic = false;
    int m_anchor = -1;
};

}  // namespace qat::ui
