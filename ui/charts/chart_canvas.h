// The drawing of one chart: a cached picture of the lines with crosshair, tooltip and zoom on top.
#pragma once

#include <QPixmap>
#include <QPointer>
#include <QWidget>
#include <memory>
#include <optional>
#include <vector>

#include "charts/chart_content.h"
#include "charts/crosshair_link.h"
#include "style/theme_hub.h"

namespace qat::ui {

class ChartCanvas : public QWidget {
    Q_OBJECT
public:
    explicit ChartCanvas(ThemeHub* hub, QWidget* parent = nullptr);
    ~ChartCanvas() override;

    void setLines(std::vector<ChartLine> lines);
    void setAxes(const ChartAxes& axes);
    // Shown top-left while no line has a point.
    void setEmptyText(const QString& sentence);
    // Charts with the same link share the crosshair; it speaks the charts' common x.
    void setLink(CrosshairLink* link);

    const ChartContent& content() const { return m_content; }
    // Points a logarithmic axis could not show.
    int hiddenPoints() const { return m_hidden; }
    // "mAP50-95: EMA 12 points, last 0.3762, highest 0.3762; ..." for screen readers.
    QString summary() const;
    // The values under the crosshair, tab separated; "" without a crosshair.
    QString crosshairTable() const;

    // Draws the chart without crosshair in any theme and size; for files.
    void renderTo(QPainter& painter, const QSizeF& size, const Theme& theme);
    QSize sizeHint() const override { return {360, 180}; }
    QSize minimumSizeHint() const override { return {160, 90}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    void refreshPicture();
    void moveCrosshair(int steps);
    void setCrosshair(std::optional<double> x);
    void paintCrosshair(QPainter& painter) const;
    void paintTooltip(QPainter& painter, double x, double pixel) const;

    ThemeHub* m_hub;
    std::unique_ptr<ChartBackend> m_backend;
    QPointer<CrosshairLink> m_link;
    ChartContent m_content;
    QString m_emptyText;
    std::optional<double> m_crosshair;
    std::optional<QPointF> m_dragFrom;
    QPointF m_pointer;
    QPixmap m_picture;
    ChartMap m_map;
    int m_hidden = 0;
    int m_pictureGeneration = 0;
    bool m_stale = true;
    bool m_inside = false;
};

}  // namespace qat::ui
