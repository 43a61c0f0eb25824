// The minimap of the network: a cell a layer, a row a metric.
#pragma once

#include <QWidget>
#include <vector>

#include "document/selection_hub.h"
#include "style/theme_hub.h"

namespace qat::ui {

struct StripRow {
    QString title;
    std::vector<double> values;  // one a layer; NaN = none
    bool bits = false;           // bit widths instead of a metric
    bool lowIsBad = false;
};

class LayerStrip : public QWidget {
    Q_OBJECT
public:
    LayerStrip(ThemeHub* hub, SelectionHub* selection, QWidget* parent = nullptr);
    void setLayers(std::vector<LayerId> layers, QStringList names, std::vector<StripRow> rows);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {200, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;

private:
    QRectF cell(size_t column, size_t row) const;
    int columnAt(double x) const;
    int columnOf(LayerId layer) const;
    void choose(int column, Qt::KeyboardModifiers modifiers);
    void paintRow(QPainter& painter, size_t row) const;
    void paintBlocks(QPainter& painter) const;

    ThemeHub* m_hub;
    SelectionHub* m_selection;
    std::vector<LayerId> m_layers;
    QStringList m_names;
    std::vector<StripRow> m_rows;
};

}  // namespace qat::ui
