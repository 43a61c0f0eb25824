// A grid of values, layers down and epochs across, in the sequential colours.
#pragma once

#include <QImage>
#include <QWidget>
#include <vector>

#include "document/selection_hub.h"
#include "style/theme_hub.h"

namespace qat::ui {

struct HeatData {
    std::vector<LayerId> layers;  // rows
    QStringList labels;           // of the rows
    std::vector<int> epochs;      // columns
    std::vector<double> values;   // rows x columns, row after row; NaN = none
    double value(size_t row, size_t column) const { return values[row * epochs.size() + column]; }
};

// Left the blocks of the network, right a bar with each layer's peak; click selects a layer, arrows walk.
class HeatMap : public QWidget {
    Q_OBJECT
public:
    HeatMap(ThemeHub* hub, SelectionHub* selection, QWidget* parent = nullptr);
    void setData(HeatData data);
    const HeatData& data() const { return m_data; }
    double top() const { return m_top; }  // value of the deepest colour
    QSize sizeHint() const override { return {480, 260}; }
    QSize minimumSizeHint() const override { return {200, 120}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;

private:
    QRectF grid() const;
    int rowAt(QPointF position) const;
    int rowOf(LayerId layer) const;
    void selectRow(int row, Qt::KeyboardModifiers modifiers);
    void paintRowRing(QPainter& painter, int row, const QColor& color, double width) const;
    void paintAxis(QPainter& painter) const;
    void paintPeaks(QPainter& painter) const;
    void paintBlocks(QPainter& painter) const;
    QString cellText(QPointF position) const;

    ThemeHub* m_hub;
    SelectionHub* m_selection;
    HeatData m_data;
    QImage m_image;
    int m_imageGeneration = 0;
    double m_top = 1;
};

// A colour scale with its two ends: "0 [....] 10 %".
class EmberLegend : public QWidget {
    Q_OBJECT
public:
    explicit EmberLegend(ThemeHub* hub, QWidget* parent = nullptr);
    void setEnds(const QString& low, const QString& high);
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    ThemeHub* m_hub;
    QString m_low, m_high;
};

}  // namespace qat::ui
